package session

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/scatter"
)

// order is one statement that the gang is to run: a simple Query, or what a
// portal runs.
type order struct {
	read     *sqlparse.Statement
	sql      string
	analysis Analysis
	recoded  bool   // the analysis is for another encoding than UTF-8
	oids     []byte // parameter types as in the client's Parse; nil: none
	args     []plan.Arg
	formats  []byte // of the result's columns, 2 bytes each, as in the client's Bind
	again    bool   // the text has come before
	describe bool   // the client is to see the columns before the rows
	simple   bool   // it came as a simple Query
}

// errClient carries an error for the client through functions that may also
// fail for good.
type errClient struct{ refusal *pgerror.Error }

func (e errClient) Error() string { return e.refusal.Error() }

// asRefusal tells an error for the client, after which the session goes on,
// from the client's own end.
func asRefusal(err error) (*pgerror.Error, bool) {
	var own errClient
	if errors.As(err, &own) {
		return own.refusal, true
	}
	var e *pgerror.Error
	if errors.As(err, &e) && !e.IsFatal() {
		return e, true
	}
	return nil, false
}

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

// request puts together what a leg is sent: the unnamed statement with the
// client's arguments that it uses. formats are of the result's columns.
func (s *Session) request(l *plan.Leg, o *order, types []uint32, subs []plan.Arg, formats []byte, describe bool) []byte {
	args := make([]plan.Arg, 0, len(l.Args)+len(l.Subs))
	for _, n := range l.Args {
		args = append(args, typedArg(o.args, types, n))
	}
	for _, i := range l.Subs {
		args = append(args, subs[i])
	}
	return appendExecute(nil, l.SQL, args, formats, describe)
}

// typedArg is the client's n-th argument, with the type that the server has
// found for it.
func typedArg(args []plan.Arg, types []uint32, n int) plan.Arg {
	a := plan.Arg{Null: true}
	if n >= 1 && n <= len(args) {
		a = args[n-1]
	}
	if a.OID == 0 && n >= 1 && n <= len(types) {
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

// launch sends a leg to all its shards. The streams are in the order of the
// shards.
func (s *Session) launch(l *plan.Leg, request []byte, to func(k int) *Reader) ([]*member, error) {
	return s.launchEach(l, func(int) []byte { return request }, to)
}

// launchEach is launch with a request for each shard.
func (s *Session) launchEach(l *plan.Leg, request func(k int) []byte, to func(k int) *Reader) ([]*member, error) {
	if err := s.enlist(l.Shards, to); err != nil {
		return nil, errClient{err}
	}
	var list []*member
	for k := range l.Shards.Each {
		list = append(list, s.shards.gang.members[k])
	}
	for _, m := range list {
		if _, err := s.ask(m, request(m.shard)); err != nil {
			return list, errClient{s.memberError(m, err)}
		}
	}
	return list, nil
}

// conns are the members' conns, for cancels.
func conns(list []*member) []*connpool.Conn {
	c := make([]*connpool.Conn, len(list))
	for i, m := range list {
		c[i] = m.conn
	}
	return c
}

// emit sends the client what has been put together when it has become much.
func (s *Session) emit() error {
	const enough = 32 << 10
	if s.t.edited == nil || s.t.edited.W < enough {
		return nil
	}
	return s.sendEdited()
}

// emitRow passes a row on.
func (s *Session) emitRow(row []byte) error {
	if h := s.shards.hold; h != nil {
		return h.keep(row)
	}
	s.edited(append(s.edit(), row...))
	return s.emit()
}

// emitColumns tells the client the columns, unless it did not ask.
func (s *Session) emitColumns(o *order, columns []byte) {
	if !o.describe || len(columns) < 2 {
		return
	}
	if columns[0] == 0 && columns[1] == 0 {
		s.edited(protocol.AppendFrame(s.edit(), 'n'))
		return
	}
	s.edited(protocol.AppendFrame(s.edit(), 'T', columns...))
}

// emitTag tells the client that the statement is complete.
func (s *Session) emitTag(tag string) {
	if h := s.shards.hold; h != nil {
		h.tag = tag
		return
	}
	s.edited(protocol.AppendCommandComplete(s.edit(), tag))
}

// sumTags adds up the rows that command tags count: "UPDATE 3", "INSERT 0 2".
func sumTags(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	i := strings.LastIndexByte(tags[0], ' ')
	if i < 0 {
		return tags[0]
	}
	sum, ok := int64(0), true
	for _, t := range tags {
		n, err := strconv.ParseInt(t[strings.LastIndexByte(t, ' ')+1:], 10, 64)
		sum, ok = sum+n, ok && err == nil
	}
	if !ok {
		return tags[0]
	}
	return tags[0][:i+1] + strconv.FormatInt(sum, 10)
}

// direct runs the statement unchanged on one shard, and passes its answer on.
func (s *Session) directOrder(o *order, k int, to func(k int) *Reader) error {
	l := plan.Leg{Shards: shards.One(k), SQL: o.sql}
	list, err := s.launch(&l, s.ownRequest(o), to)
	if err != nil {
		_ = s.settleStreams(list, false)
		return err
	}
	m := list[0]
	s.cancelable(conns(list))
	err = s.passOn(o, m)
	s.cancelable(nil)
	if settled := s.settleStreams(list, err == nil); err == nil {
		err = settled
	}
	return err
}

// ownRequest is the client's statement as it is, with its own arguments.
func (s *Session) ownRequest(o *order) []byte {
	if o.simple || o.read.Kind() == sqlparse.KindCopy {
		return protocol.AppendQuery(nil, o.sql)
	}
	oids := o.oids
	if oids == nil {
		oids = []byte{0, 0}
	}
	b := protocol.AppendParse(nil, "", o.sql, oids)
	b = protocol.AppendBind(b, wireArgs(o.args), o.formats)
	b = protocol.AppendFrame(b, 'D', 'P', 0)
	b = protocol.AppendFrame(b, 'E', 0, 0, 0, 0, 0)
	return protocol.AppendFrame(b, 'S')
}

// passOn relays one stream: columns, rows, tag.
func (s *Session) passOn(o *order, m *member) error {
	st := m.stream
	goes, err := st.Described()
	if err != nil {
		return errClient{s.memberError(m, err)}
	}
	if goes && st.CopyOut != nil {
		return s.passCopy(m)
	}
	if goes {
		s.emitColumns(o, st.Columns)
	}
	for goes {
		row, err := st.Next()
		if err != nil {
			return errClient{s.memberError(m, err)}
		}
		if row == nil {
			break
		}
		if err := s.emitRow(row); err != nil {
			return err
		}
	}
	if st.Refusal != nil {
		return errClient{st.Refusal}
	}
	if st.CopyBegins {
		return s.copyDirect(m)
	}
	if st.Empty {
		s.edited(protocol.AppendFrame(s.edit(), 'I'))
		return nil
	}
	s.emitTag(st.Tag)
	return nil
}
