package session

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

// moveOrder moves a row to another shard, because its sharding key changes:
// it is deleted where it is and inserted where it belongs, in one transaction.
func (s *Session) moveOrder(o *order, p *plan.Move) error {
	g := &s.shards.gang
	if !g.inTx() {
		g.implicit = true
	}
	d := &Description{}
	if len(o.args) > 0 {
		var err error
		if d, err = s.description(o, p.Delete.Shards.First()); err != nil {
			return err
		}
	}
	row, columns, err := s.takeOut(o, p, d)
	if err != nil {
		return err
	}
	if row == nil {
		if p.Returning {
			s.emitColumns(o, columns)
		}
		s.emitTag("UPDATE 0")
		return nil
	}
	return s.putIn(o, p, row)
}

// takeOut deletes the row and returns what is to be inserted.
func (s *Session) takeOut(o *order, p *plan.Move, d *Description) (row []plan.Arg, columns []byte, err error) {
	list, err := s.launchLeg(&p.Delete, o, s.parameterTypes(d), nil, allBinary, nil)
	for _, m := range list {
		m.wrote = true
	}
	n := 0
	err = s.follow(list, err, true, func() error {
		for _, m := range list {
			err := s.eachRow(m, func(frame []byte) error {
				if n++; n == 1 {
					row = s.argsOf(m, frame)
				}
				return nil
			})
			if err != nil {
				return err
			}
			columns = m.stream.Columns
		}
		return nil
	})
	if err == nil && n > 1 {
		err = errClient{pgerror.New(pgerror.FeatureNotSupported, "an UPDATE of the sharding key would move more than one row").
			WithHint("Move one row at a time: name it by a unique key.")}
	}
	return row, columns, err
}

// argsOf are the values of a member's row, to be the arguments of another
// statement.
func (s *Session) argsOf(m *member, frame []byte) (row []plan.Arg) {
	types := s.leadTypes(m.shard, m.stream.Columns)
	protocol.DataRow(frame[protocol.HeaderLen:], func(i int, value []byte) {
		a := plan.Arg{Format: 1, Null: value == nil, Value: append([]byte(nil), value...)}
		if i < len(types) {
			a.OID = types[i]
		}
		row = append(row, a)
	})
	return row
}

// putIn inserts the row on the shard of its new key.
func (s *Session) putIn(o *order, p *plan.Move, row []plan.Arg) error {
	key := make([]plan.Arg, len(p.Key))
	for i, c := range p.Key {
		if c >= len(row) {
			return errDrift
		}
		key[i] = row[c]
	}
	k, refusal := s.shards.all.Planner.Locate(p.Schema, p.Table, key)
	if refusal != nil {
		return errClient{refusal}
	}
	m, refusal := s.member(k, nil)
	if refusal != nil {
		return errClient{refusal}
	}
	m.wrote = true
	l := plan.Leg{Shards: shards.One(k), SQL: p.Insert}
	list, err := s.launchArgs(&l, row, o.formats, nil)
	err = s.follow(list, err, true, func() error {
		if err := s.begins(m); err != nil {
			return err
		}
		if p.Returning {
			s.emitColumns(o, m.stream.Columns)
		}
		return s.eachRow(m, func(frame []byte) error {
			if !p.Returning {
				return nil
			}
			return s.emitRow(frame)
		})
	})
	if err == nil {
		s.emitTag("UPDATE 1")
	}
	return err
}

// copyFrame is a CopyData of ours.
func copyFrame(dst, chunk []byte) []byte {
	dst = append(dst, 'd')
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(chunk)+4))
	return append(dst, chunk...)
}
