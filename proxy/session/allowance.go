package session

import (
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// allowance is how much may still be put together for one statement.
type allowance struct {
	rows   int
	size   int64
	limits *GatherLimits
	began  time.Duration
}

func (s *Session) newAllowance() allowance {
	return allowance{limits: s.shards.all.Limits.Load(), began: now()}
}

// take counts a row of a shard.
func (a *allowance) take(size int) error {
	a.rows++
	a.size += int64(size)
	switch {
	case a.rows > a.limits.MaxRows:
		return errClient{pgerror.Newf(pgerror.ProgramLimitExceeded, "more than %d rows would have to be put together", a.limits.MaxRows).
			WithHint("Narrow the statement by the sharding key or a filter, or raise gather.max_rows.")}
	case a.limits.Timeout > 0 && a.rows&1023 == 0 && now()-a.began > a.limits.Timeout:
		return errClient{pgerror.Newf(pgerror.ProgramLimitExceeded, "putting rows together took longer than %v", a.limits.Timeout).
			WithHint("Narrow the statement by the sharding key or a filter, or raise gather.timeout.")}
	}
	return a.holds(a.size)
}

// holds refuses to hold more than is allowed, in bytes.
func (a *allowance) holds(size int64) error {
	if size > a.limits.MaxSize {
		return errClient{pgerror.Newf(pgerror.ProgramLimitExceeded, "more than %d bytes of rows would have to be put together", a.limits.MaxSize).
			WithHint("Narrow the statement by the sharding key or a filter, or raise gather.max_bytes.")}
	}
	return nil
}
