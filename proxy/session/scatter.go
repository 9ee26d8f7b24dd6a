package session

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/merge"
)

// scatterOrder reads from several shards.
func (s *Session) scatterOrder(o *order, p *plan.Scatter) error {
	if p.Fold != nil && s.known(o) == nil && len(p.Subs) == 0 && len(p.Legs[0].Args) == 0 {
		return s.foldOrder(o, p, nil, nil, s.readersFor(p.Role))
	}
	d, err := s.description(o, shardsOf(p.Legs).First())
	if err != nil {
		return err
	}
	return s.scatterDescribed(o, p, d)
}

// scatterDescribed reads from several shards what d describes.
func (s *Session) scatterDescribed(o *order, p *plan.Scatter, d *Description) error {
	to := s.readersFor(p.Role)
	subs, err := s.runSubs(o, p.Subs, d, to)
	if err != nil {
		return err
	}
	switch {
	case p.Merge != nil:
		return s.mergeOrder(o, p, d, subs, to)
	case p.Fold != nil:
		return s.foldOrder(o, p, d, subs, to)
	}
	return s.combineOrder(o, p, d, subs, to)
}

// mergeOrder is tier A: rows pass through, in order.
func (s *Session) mergeOrder(o *order, p *plan.Scatter, d *Description, subs []plan.Arg, to func(int) *Reader) error {
	l := &p.Legs[0]
	limiter, err := limiterOf(p.Merge, o.args)
	if err != nil {
		return errClientOf(err)
	}
	visible := columnCount(d.Columns)
	formats := legFormats(o.formats, visible, p.Merge.Hidden)
	list, err := s.launchLeg(l, o, s.parameterTypes(d), subs, formats, to)
	s.cancelable(conns(list))
	if err == nil {
		err = s.mergeStreams(o, p.Merge, list, limiter, withFormats(d.Columns, o.formats))
	}
	s.cancelable(nil)
	if settled := s.settleStreams(list, err == nil && s.shards.gang.inTx()); err == nil {
		err = settled
	}
	return err
}

// mergeStreams passes the members' rows on, in order of the keys.
func (s *Session) mergeStreams(o *order, how *plan.Merge, list []*member, limiter *merge.Limiter, columns []byte) error {
	row, err := s.beginRows(o, columns)
	if err != nil {
		return err
	}
	sent, err := s.takeMerged(how, list, limiter, row)
	if err != nil {
		return err
	}
	return s.endRows(o, "SELECT "+strconv.Itoa(sent))
}

// takeMerged takes rows from the members in order of the keys, and counts
// those that it gives on.
func (s *Session) takeMerged(how *plan.Merge, list []*member, limiter *merge.Limiter, on func(row []byte) error) (sent int, err error) {
	for _, m := range list {
		if goes, err := m.stream.Described(); err != nil {
			return 0, errClient{s.memberError(m, err)}
		} else if !goes {
			return 0, errClient{m.stream.Refusal}
		}
	}
	give := func(row []byte) error {
		if !limiter.Take() {
			return nil
		}
		sent++
		cut, err := merge.Cut(row, how.Hidden)
		if err != nil {
			return err
		}
		return on(cut)
	}
	if len(how.Keys) == 0 {
		err = s.concatenate(list, limiter, give)
	} else {
		err = s.mergeSorted(how, list, limiter, give)
	}
	return sent, err
}

func (s *Session) concatenate(list []*member, limiter *merge.Limiter, give func([]byte) error) error {
	for _, m := range list {
		for !limiter.Done() {
			row, err := s.nextRow(m)
			if err != nil {
				return err
			}
			if row == nil {
				break
			}
			if err := give(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) mergeSorted(how *plan.Merge, list []*member, limiter *merge.Limiter, give func([]byte) error) error {
	keys, err := mergeKeys(how, list[0].stream.Columns)
	if err != nil {
		return err
	}
	m := merge.New(keys, len(list))
	for !limiter.Done() {
		if leg, needs := m.Need(); needs {
			row, err := s.nextRow(list[leg])
			if err != nil {
				return err
			}
			if row == nil {
				m.End(leg)
			} else if err := m.Push(leg, row); err != nil {
				return err
			}
			continue
		}
		_, row, ok := m.Pop()
		if !ok {
			return nil
		}
		if err := give(row); err != nil {
			return err
		}
	}
	return nil
}

// nextRow is the member's next row, nil at the end.
func (s *Session) nextRow(m *member) ([]byte, error) {
	row, err := m.stream.Next()
	switch {
	case err != nil:
		return nil, errClient{s.memberError(m, err)}
	case row == nil && m.stream.Refusal != nil:
		return nil, errClient{m.stream.Refusal}
	}
	return row, nil
}

// mergeKeys finds how the hidden columns are compared.
func mergeKeys(how *plan.Merge, columns []byte) ([]merge.Key, error) {
	types := columnTypes(columns)
	first := len(types) - how.Hidden
	if first < 0 || how.Hidden != len(how.Keys) {
		return nil, errors.New("a shard has other columns than were asked for")
	}
	keys := make([]merge.Key, how.Hidden)
	for i := range keys {
		c, ok := merge.ComparatorOf(types[first+i], true)
		if !ok {
			return nil, errClient{pgerror.Newf(pgerror.FeatureNotSupported, "cannot put rows of several shards in order by a column of type %d", types[first+i]).
				WithHint("Order by a number, a time, a uuid or text in collation C, or set wye.gather to on.")}
		}
		keys[i] = merge.Key{By: c, Desc: how.Keys[i].Desc, NullsFirst: how.Keys[i].NullsFirst}
	}
	return keys, nil
}

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

// errClientOf is an error that is for the client.
func errClientOf(err error) error {
	if refusal, ok := asRefusal(err); ok {
		return errClient{refusal}
	}
	return err
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

// columnCount is how many columns a RowDescription has.
func columnCount(columns []byte) int {
	if len(columns) < 2 {
		return 0
	}
	return int(binary.BigEndian.Uint16(columns))
}

// columnTypes are the types of a RowDescription's columns.
func columnTypes(columns []byte) []uint32 {
	n := columnCount(columns)
	types := make([]uint32, 0, n)
	for b := columns[min(2, len(columns)):]; len(types) < n; {
		_, rest, ok := protocol.CString(b)
		if !ok || len(rest) < 18 {
			return types
		}
		types = append(types, binary.BigEndian.Uint32(rest[6:]))
		b = rest[18:]
	}
	return types
}

// withFormats is a RowDescription with the formats that a Bind asks for: a
// description of a statement has none yet.
func withFormats(columns, formats []byte) []byte {
	if len(formats) == 0 {
		return columns
	}
	out := append([]byte(nil), columns...)
	n := columnCount(columns)
	for b, i := out[min(2, len(out)):], 0; i < n; i++ {
		_, rest, ok := protocol.CString(b)
		if !ok || len(rest) < 18 {
			return out
		}
		binary.BigEndian.PutUint16(rest[16:], formatOf(formats, i))
		b = rest[18:]
	}
	return out
}

// legFormats asks for the client's formats in the columns it sees, and for
// binary in the hidden ones.
func legFormats(formats []byte, visible, hidden int) []byte {
	if hidden == 0 {
		return formats
	}
	var out []byte
	for i := range visible {
		out = binary.BigEndian.AppendUint16(out, formatOf(formats, i))
	}
	for range hidden {
		out = append(out, 0, 1)
	}
	return out
}

// allBinary asks for every column in binary.
var allBinary = []byte{0, 1}

// shardsOf are all shards that the legs concern.
func shardsOf(legs []plan.Leg) (set shards.Set) {
	for i := range legs {
		set |= legs[i].Shards
	}
	return set
}
