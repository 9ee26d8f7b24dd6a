package session

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/merge"
)

// limiterOf carries out LIMIT and OFFSET.
func limiterOf(m *plan.Merge, args []plan.Arg) (*merge.Limiter, error) {
	l := new(merge.Limiter)
	for _, c := range []struct {
		count plan.Count
		set   func(int64) error
	}{{m.Limit, l.Limit}, {m.Offset, l.Offset}} {
		n, given, refusal := countOf(c.count, args)
		if refusal != nil {
			return nil, refusal
		}
		if !given {
			continue
		}
		if err := c.set(n); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// countTypes are the integers' types (pg_type.oid), and none: then it is bigint.
var countTypes = map[uint32]bool{0: true, 20: true, 21: true, 23: true}

// countGiven reports whether there is a number, as opposed to NULL.
func countGiven(c plan.Count, args []plan.Arg) bool {
	return c.Set && (c.Arg == 0 || c.Arg <= len(args) && !args[c.Arg-1].Null)
}

// countOf reads a LIMIT or OFFSET. PostgreSQL would cast a parameter that was
// declared as another type than an integer.
func countOf(c plan.Count, args []plan.Arg) (n int64, ok bool, refusal *pgerror.Error) {
	switch {
	case !countGiven(c, args):
		return 0, false, nil
	case c.Arg == 0:
		return c.Value, true, nil
	}
	a := args[c.Arg-1]
	switch {
	case !countTypes[a.OID]:
		return 0, false, pgerror.Newf(pgerror.FeatureNotSupported, "LIMIT or OFFSET by a parameter of type %d is not supported over several shards", a.OID).
			WithHint("Declare the parameter as bigint.")
	case a.Format == 0:
		n, err := strconv.ParseInt(strings.Trim(string(a.Value), " \t\n\v\f\r"), 10, 64)
		if errors.Is(err, strconv.ErrRange) {
			return 0, false, pgerror.Newf("22003", "value %q is out of range for type bigint", a.Value)
		}
		if err != nil {
			return 0, false, pgerror.Newf("22P02", "invalid input syntax for type bigint: %q", a.Value)
		}
		return n, true, nil
	}
	switch len(a.Value) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(a.Value))), true, nil
	case 4:
		return int64(int32(binary.BigEndian.Uint32(a.Value))), true, nil
	case 8:
		return int64(binary.BigEndian.Uint64(a.Value)), true, nil
	}
	return 0, false, pgerror.New("22P03", "incorrect binary data format in bind parameter "+strconv.Itoa(c.Arg))
}
