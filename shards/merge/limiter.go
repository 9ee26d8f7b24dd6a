package merge

import "github.com/wyeproxy/wye/protocol/pgerror"

// SQLSTATEs of PostgreSQL's own refusals (src/backend/utils/errcodes.txt).
const (
	invalidRowCountInLimit  = "2201W"
	invalidRowCountInOffset = "2201X"
)

// Limiter counts the rows of a stream for OFFSET and LIMIT. The zero value
// lets all rows pass.
type Limiter struct {
	skip    int64
	limited bool
	take    int64
}

// Offset skips the first n rows. Not called, it is OFFSET NULL.
func (l *Limiter) Offset(n int64) error {
	if n < 0 {
		return pgerror.New(invalidRowCountInOffset, "OFFSET must not be negative")
	}
	l.skip = n
	return nil
}

// Limit ends the stream after n rows that are not skipped. Not called, it is
// LIMIT NULL or LIMIT ALL.
func (l *Limiter) Limit(n int64) error {
	if n < 0 {
		return pgerror.New(invalidRowCountInLimit, "LIMIT must not be negative")
	}
	l.limited, l.take = true, n
	return nil
}

// Take counts a row, and reports whether it is one that the client gets.
func (l *Limiter) Take() bool {
	switch {
	case l.Done():
		return false
	case l.skip > 0:
		l.skip--
		return false
	case l.limited:
		l.take--
	}
	return true
}

// Done reports that no row will pass any more, so that the legs can be
// stopped.
func (l *Limiter) Done() bool { return l.limited && l.take == 0 }
