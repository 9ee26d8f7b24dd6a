package session

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/scatter"
)

// maxScatteredRow bounds a row that is merged, in bytes.
const maxScatteredRow = 64 << 20

// ask opens a stream on the member's conn.
func (s *Session) ask(m *member, request []byte) (*scatter.Stream, error) {
	m.conn.Unnamed = 0
	st, err := scatter.Open(m.conn, request, maxScatteredRow, func(typ byte, frame []byte) {
		switch typ {
		case 'S':
			m.conn.NoteReported(frame[protocol.HeaderLen:])
		case 'N':
			s.edited(append(s.edit(), frame...))
		case 'A':
			m.conn.Unasked = append(m.conn.Unasked, frame...)
		}
	})
	m.stream = st
	return st, err
}

// launchLeg sends a leg to all its shards: the unnamed statement with the
// client's arguments that it uses, and what has been found before. formats
// are of the result's columns. The streams are in the order of the shards.
func (s *Session) launchLeg(l *plan.Leg, o *order, types []uint32, subs []plan.Arg, formats []byte, to func(k int) *Reader) ([]*member, error) {
	args := make([]plan.Arg, 0, len(l.Args)+len(l.Subs))
	for _, n := range l.Args {
		args = append(args, typedArg(o.args, types, n))
	}
	for _, i := range l.Subs {
		args = append(args, subs[i])
	}
	return s.launchArgs(l, args, formats, to)
}

// launchArgs is launchLeg with the arguments put together.
func (s *Session) launchArgs(l *plan.Leg, args []plan.Arg, formats []byte, to func(k int) *Reader) ([]*member, error) {
	if !anyOwnType(args) {
		return s.launch(l, appendExecute(nil, l.SQL, args, formats, true), to)
	}
	return s.launchEach(l, func(k int) ([]byte, error) {
		there, err := s.argsAt(k, args)
		return appendExecute(nil, l.SQL, there, formats, true), err
	}, to)
}

// launch sends a leg to all its shards. The streams are in the order of the
// shards.
func (s *Session) launch(l *plan.Leg, request []byte, to func(k int) *Reader) ([]*member, error) {
	return s.launchEach(l, func(int) ([]byte, error) { return request, nil }, to)
}

// launchEach is launch where the request is not the same for all shards.
func (s *Session) launchEach(l *plan.Leg, request func(k int) ([]byte, error), to func(k int) *Reader) ([]*member, error) {
	if err := s.enlist(l.Shards, to); err != nil {
		return nil, errClient{err}
	}
	var list []*member
	for k := range l.Shards.Each {
		list = append(list, s.shards.gang.members[k])
	}
	for _, m := range list {
		frames, err := request(m.shard)
		if err != nil {
			return list, err
		}
		if _, err := s.ask(m, frames); err != nil {
			return list, errClient{s.memberError(m, err)}
		}
	}
	return list, nil
}

// typedArg is the client's n-th argument, with the type that the server has
// found for it. A type that the database made has another number on each
// server, which finds it anew.
func typedArg(args []plan.Arg, types []uint32, n int) plan.Arg {
	a := plan.Arg{Null: true}
	if n >= 1 && n <= len(args) {
		a = args[n-1]
	}
	if a.OID == 0 && n >= 1 && n <= len(types) && types[n-1] < firstNormalOID {
		a.OID = types[n-1]
	}
	return a
}

// appendExecute appends Parse, Bind, perhaps Describe, Execute and Sync.
func appendExecute(dst []byte, sql string, args []plan.Arg, formats []byte, describe bool) []byte {
	oids := binary.BigEndian.AppendUint16(nil, uint16(len(args)))
	for _, a := range args {
		oids = binary.BigEndian.AppendUint32(oids, a.OID)
	}
	dst = protocol.AppendParse(dst, "", sql, oids)
	dst = protocol.AppendBind(dst, wireArgs(args), formats)
	if describe {
		dst = protocol.AppendFrame(dst, 'D', 'P', 0)
	}
	dst = protocol.AppendFrame(dst, 'E', 0, 0, 0, 0, 0)
	return protocol.AppendFrame(dst, 'S')
}

// wireArgs are the arguments as the wire has them.
func wireArgs(args []plan.Arg) []protocol.BindArg {
	list := make([]protocol.BindArg, len(args))
	for i, a := range args {
		list[i] = protocol.BindArg{Format: uint16(a.Format), Value: a.Value, Null: a.Null}
	}
	return list
}

// readersFor says which replica each leg of a read may use: outside of
// transactions, where the plan allows it, and as fresh as the session needs.
func (s *Session) readersFor(role plan.Role) func(k int) *Reader {
	set := s.settings.Load()
	if role != plan.Replica || s.shards.gang.inTx() || !set.Reads.Replicas || !set.Reads.Split || s.inTransaction() {
		return nil
	}
	return func(k int) *Reader {
		pool, servers := s.pool, s.servers
		sh := &s.shards.all.List[k]
		s.pool, s.servers = sh.Pool, sh.Servers
		defer func() { s.pool, s.servers = pool, servers }()
		r, err := s.reader(set)
		if err != nil {
			return nil
		}
		return r
	}
}

// conns are the members' conns, for cancels.
func conns(list []*member) []*connpool.Conn {
	c := make([]*connpool.Conn, len(list))
	for i, m := range list {
		c[i] = m.conn
	}
	return c
}
