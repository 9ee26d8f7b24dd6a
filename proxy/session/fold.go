package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/fold"
	"github.com/wyeproxy/wye/shards/merge"
)

// folded is the answer of a plan with a Fold: all rows are in, and none is out.
type folded struct {
	*fold.Folder
	rows    int
	limiter *merge.Limiter
	formats []byte // of the client's columns
	of      *Description
}

// foldOrder is tier B where we put together ourselves what the shards gave.
// Without a description it asks for one beside the leg.
func (s *Session) foldOrder(o *order, p *plan.Scatter, d *Description, subs []plan.Arg, to func(int) *Reader) error {
	f, err := s.fold(o, p, d, subs, o.formats, to)
	if err != nil {
		return err
	}
	if err := s.foldsInto(p.Fold, f.of); err != nil {
		return err
	}
	row, err := s.beginRows(o, withFormats(f.of.Columns, o.formats))
	if err != nil {
		return err
	}
	sent, err := f.give(row)
	if err != nil {
		return err
	}
	return s.endRows(o, "SELECT "+strconv.Itoa(sent))
}

// foldsInto refuses a plan that would give other types than the client's own
// statement has: the planner was wrong, and nothing is better than another
// answer.
func (s *Session) foldsInto(how *plan.Fold, d *Description) error {
	want, visible := s.leadTypes(d.shard, d.Columns), how.Outputs[:len(how.Outputs)-how.Hidden]
	same := len(want) == len(visible)
	for i := 0; same && i < len(want); i++ {
		same = visible[i].Type == want[i]
	}
	if !same {
		s.env.Log.Error("bug: folded rows have other types than the statement", "want", fmt.Sprint(want), "got", fmt.Sprint(visible))
		return errClient{pgerror.New(pgerror.FeatureNotSupported, "this statement cannot be put together from several shards: its column types would differ").
			WithHint("Narrow the statement by the sharding key, or cast its columns; please report it.")}
	}
	return nil
}

// fold runs the leg and takes in all its rows.
func (s *Session) fold(o *order, p *plan.Scatter, d *Description, subs []plan.Arg, formats []byte, to func(int) *Reader) (*folded, error) {
	asked := -1 // the shard that describes the client's statement beside its leg
	if d == nil {
		asked = p.Legs[0].Shards.First()
		if _, refusal := s.member(asked, nil); refusal != nil {
			return nil, errClient{refusal}
		}
	}
	limiter, err := limiterOf(&plan.Merge{Limit: p.Fold.Limit, Offset: p.Fold.Offset}, o.args)
	if err != nil && d == nil { // what is wrong with the statement itself comes first
		if _, err := s.description(o, asked); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, errClientOf(err)
	}
	f := &folded{Folder: fold.New(&p.Fold.Spec), limiter: limiter, formats: formats, of: d}
	list, err := s.launchFold(p, o, d, subs, formats, asked, to)
	in := s.newAllowance()
	err = s.follow(list, err, true, func() (err error) {
		for i := 0; err == nil && i < len(list); i++ {
			m := list[i]
			if m.shard == asked {
				f.of, err = s.foldAsked(o, m)
			}
			if err == nil {
				err = s.foldMember(m, p.Fold, f, &in)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.rows, err = f.Finish(); err != nil {
		return nil, errClientOf(err)
	}
	return f, in.holds(f.Size())
}

// launchFold sends the leg, to the shard that is asked with the question of what
// the client's statement is. Who must be asked has no arguments (scatterOrder).
func (s *Session) launchFold(p *plan.Scatter, o *order, d *Description, subs []plan.Arg, formats []byte, asked int, to func(int) *Reader) ([]*member, error) {
	l, formats := &p.Legs[0], foldFormats(p.Fold, formats)
	if d != nil {
		return s.launchLeg(l, o, s.parameterTypes(d), subs, formats, to)
	}
	request := appendExecute(nil, l.SQL, nil, formats, true)
	return s.launchEach(l, func(k int) ([]byte, error) {
		if k == asked {
			return append(appendAsk(nil, o.sql, o.oids), request...), nil
		}
		return request, nil
	}, to)
}

// foldFormats asks for what is computed in binary, and for twins as the client
// wants their columns.
func foldFormats(how *plan.Fold, formats []byte) []byte {
	out := make([]byte, 0, 2*len(how.Columns))
	for range how.Columns {
		out = append(out, 0, 1)
	}
	for i := range how.Outputs[:len(how.Outputs)-how.Hidden] {
		if t := how.Outputs[i].Twin; t >= 0 {
			binary.BigEndian.PutUint16(out[2*t:], formatOf(formats, i))
		}
	}
	return out
}

// foldAsked takes in what a member says of the client's statement, before its
// leg.
func (s *Session) foldAsked(o *order, m *member) (*Description, error) {
	if err := s.begins(m); err != nil {
		return nil, err
	}
	d := o.described(m.stream, m.shard)
	m.stream.Another()
	return d, nil
}

// foldMember takes in one member's rows.
func (s *Session) foldMember(m *member, how *plan.Fold, f *folded, in *allowance) error {
	if err := s.begins(m); err != nil {
		return err
	}
	types := s.leadTypes(m.shard, m.stream.Columns)
	if len(types) != len(how.Columns) {
		return errDrift
	}
	for i, oid := range types {
		if how.Columns[i].Type != oid {
			return errDrift
		}
	}
	values := make([][]byte, len(types))
	note := func(i int, v []byte) {
		if i < len(values) {
			values[i] = v
		}
	}
	return s.eachRow(m, func(row []byte) error {
		body := row[protocol.HeaderLen:]
		if err := in.take(len(body)); err != nil {
			return err
		}
		if !protocol.DataRow(body, note) || int(binary.BigEndian.Uint16(body)) != len(values) {
			return errors.New("malformed row in a scattered answer")
		}
		if err := f.Add(values); err != nil {
			return errClientOf(err)
		}
		return in.holds(f.Size())
	})
}

// give passes the rows on, each a whole DataRow that on must not keep, and
// counts them.
func (f *folded) give(on func(row []byte) error) (sent int, err error) {
	text := func(i int) bool { return formatOf(f.formats, i) == 0 }
	var row []byte
	for i := 0; i < f.rows && !f.limiter.Done(); i++ {
		if !f.limiter.Take() {
			continue
		}
		row = protocol.AppendDataRow(row[:0], f.Row(i, text))
		if err := on(row); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

// collectFolded takes in the rows of the answer, in these formats.
func (s *Session) collectFolded(o *order, p *plan.Scatter, d *Description, subs []plan.Arg, formats []byte, to func(int) *Reader, c *collection) error {
	f, err := s.fold(o, p, d, subs, formats, to)
	if err != nil {
		return err
	}
	for _, out := range p.Fold.Outputs[:len(p.Fold.Outputs)-p.Fold.Hidden] {
		c.columns = append(c.columns, column{oid: out.Type})
	}
	_, err = f.give(func(row []byte) error { return c.add(row[protocol.HeaderLen:], 0) })
	return err
}
