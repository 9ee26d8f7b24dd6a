package session

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// anywhere are the kinds that concern no table: the shard that the session
// has will do, or else the lead shard.
var anywhere = map[sqlparse.Kind]bool{
	sqlparse.KindEmpty: true, sqlparse.KindBegin: true, sqlparse.KindCommit: true, sqlparse.KindRollback: true,
	sqlparse.KindSavepoint: true, sqlparse.KindReleaseSavepoint: true, sqlparse.KindRollbackTo: true,
	sqlparse.KindSet: true, sqlparse.KindReset: true, sqlparse.KindShow: true, sqlparse.KindDiscard: true,
	sqlparse.KindDeallocate: true, sqlparse.KindListen: true, sqlparse.KindUnlisten: true, sqlparse.KindNotify: true,
}

// byTransaction are the kinds that all shards of a transaction must know of.
var byTransaction = map[sqlparse.Kind]bool{
	sqlparse.KindSavepoint: true, sqlparse.KindReleaseSavepoint: true, sqlparse.KindRollbackTo: true,
	sqlparse.KindSet: true, sqlparse.KindReset: true,
}

// nowhere are the kinds that a sharded cluster cannot take.
var nowhere = map[sqlparse.Kind]string{
	sqlparse.KindPrepareTransaction: "PREPARE TRANSACTION", sqlparse.KindCommitPrepared: "COMMIT PREPARED",
	sqlparse.KindRollbackPrepared: "ROLLBACK PREPARED",
}

// target says where a statement goes on a sharded cluster: to one shard, by
// the ordinary way, or to the gang.
type target struct {
	shard int
	gang  bool
	any   bool // any shard will do
	err   *pgerror.Error
}

// targetOf finds the target of a statement.
func (s *Session) targetOf(read *sqlparse.Statement, sql []byte, args []plan.Arg) target {
	if read == nil {
		return target{any: true}
	}
	kind := read.Kind()
	switch {
	case anywhere[kind]:
		return target{any: true, gang: byTransaction[kind] && s.inTransaction()}
	case namesIts(read) && (kind == sqlparse.KindFetch || kind == sqlparse.KindClose):
		return s.cursorTarget(read)
	case namesIts(read):
		return target{gang: true} // which asks and runs where it must
	case s.foreign() && (anyHigh(args) || kind == sqlparse.KindCopy):
		return target{err: errEncoding}
	case nowhere[kind] != "":
		return target{err: pgerror.Newf(pgerror.FeatureNotSupported, "%s is not supported on a sharded cluster", nowhere[kind]).
			WithHint("COMMIT: wye commits across shards by itself.")}
	}
	switch p := s.planText(read, sql, args).(type) {
	case *plan.Direct:
		return s.declares(read, target{shard: p.Shard, any: p.AnyShard})
	case *plan.Reject:
		return target{err: p.Err}
	}
	return target{gang: true}
}

// foreign reports whether the client writes text otherwise than the servers
// do, which must be UTF-8: a key in its bytes would be placed by other bytes
// than those that are stored.
func (s *Session) foreign() bool {
	encoding, ok := s.told.Get("client_encoding")
	return ok && encoding != "UTF8" && encoding != "SQL_ASCII"
}

// asBytes are types whose binary form is their text, and so in the client's
// encoding: text, name, char(n), varchar, and what was not said
// (pg_type.oid).
var asBytes = map[uint32]bool{0: true, 19: true, 25: true, 1042: true, 1043: true, 705: true}

// anyHigh reports whether a text among the arguments has a byte that is not
// ASCII.
func anyHigh(args []plan.Arg) bool {
	for i := range args {
		if args[i].Format != 0 && !asBytes[args[i].OID] {
			continue
		}
		for _, c := range args[i].Value {
			if c >= 0x80 {
				return true
			}
		}
	}
	return false
}

var errEncoding = pgerror.New(pgerror.FeatureNotSupported, "text that is not ASCII must come in UTF-8 to a sharded cluster: its shard depends on the bytes").
	WithHint("SET client_encoding = 'UTF8'.")

// here reports whether the session's ordinary way leads to the target, and
// takes it there if it holds no conn.
func (s *Session) here(to target) bool {
	switch {
	case to.gang:
		return false
	case s.conn != nil:
		return to.any || to.shard == s.shards.at
	}
	s.stand(to.shard)
	return true
}

// takeSharded takes a simple Query on a sharded cluster. done is false when
// the ordinary way leads to its only shard.
func (s *Session) takeSharded(read *sqlparse.Statement, sql []byte) (done bool, err error) {
	if !s.t.queue.empty() || s.t.unsynced {
		return true, s.reject(errMixed, 'Q')
	}
	if !s.shards.gang.open {
		s.shards.gang.fresh(s)
		to := s.targetOf(read, sql, nil)
		if to.err != nil {
			return true, s.reject(to.err, 'Q')
		}
		if s.here(to) {
			s.t.routed = true
			return false, nil
		}
		if s.keptOfGang(read, sql) {
			return true, nil
		}
		if s.inTransaction() {
			s.openGang()
		}
	}
	s.t.order = &order{read: read, sql: string(sql), describe: true, simple: true}
	return true, nil // exchange runs it, when the Query is out of the client's input
}

var errMixed = pgerror.New(pgerror.FeatureNotSupported, "a simple query cannot stand between the messages of a batch on a sharded cluster").
	WithHint("Send a Sync first.")

// extended are the messages of a batch.
var extended = [256]bool{'P': true, 'B': true, 'D': true, 'E': true, 'C': true}

// maxBatch bounds a batch that is looked at as a whole before it is sent, in
// bytes.
const maxBatch = 16 << 20

// routeBatch decides where the batch goes whose first message stands in the
// client's input. more: it must come further first.
func (s *Session) routeBatch() (more bool, err error) {
	ahead, whole, err := s.lookAhead()
	switch {
	case err != nil:
		return false, err
	case !whole:
		return true, nil
	}
	t := s.traffic()
	t.executes, t.first = ahead.executes, ahead.first
	s.shards.gang.fresh(s)
	to, refusal := ahead.target, ahead.refusal
	if refusal != nil && !s.shards.gang.open {
		t.routed = true
		return false, s.rejectBatch(refusal)
	}
	if s.conn != nil && t.unsynced && !s.inTransaction() && !to.gang && !to.any && to.shard != s.shards.at {
		if err := s.leaveBatch(); err != nil { // its front was only described
			return false, err
		}
		t = s.traffic()
		t.executes = ahead.executes
	}
	if s.shards.gang.open || !s.here(to) {
		if s.conn != nil && t.unsynced {
			if err := s.leaveBatch(); err != nil {
				return false, err
			}
		}
		if s.inTransaction() && !s.shards.gang.open {
			s.openGang()
		} else if !s.inTransaction() && s.settings.Load().Keep != nil {
			if answered, err := s.keptBatch(s.client.Input(), EveryShard); answered || err != nil {
				return false, err
			}
		}
		t = s.traffic()
		t.first = nil
		t.routed, t.byGang, t.executes = true, true, ahead.executes
		s.beginGang()
		return false, nil
	}
	t.routed = true
	return false, nil
}

// rejectBatch refuses what the client has sent up to its Sync.
func (s *Session) rejectBatch(refusal *pgerror.Error) error { return s.reject(refusal, 'P') }

// batchAhead is what a look at the messages up to Sync or Flush has found.
type batchAhead struct {
	target   target
	refusal  *pgerror.Error
	first    *sqlparse.Statement // see traffic
	executes int
	binds    int
}

// lookAhead reads the messages of the batch without taking them.
func (s *Session) lookAhead() (a batchAhead, whole bool, err error) {
	in := s.client.Input()
	a.target.any = true
	open := s.shards.gang.open
	var few [2]parsedSQL
	parsed := few[:0]
	for at := 0; ; {
		typ, total, ok, err := protocol.PeekClient(in[at:])
		switch {
		case err != nil:
			return a, true, nil // whoever takes the message says what is wrong with it
		case !ok || len(in)-at < total:
			if len(in) > maxBatch || total > maxBatch {
				a.refusal = errBatchTooLong
				return a, true, nil
			}
			if ok && at+total > s.client.Room() {
				s.client.Grow(at + total)
			} else if len(in) == s.client.Room() {
				s.client.Grow(2 * len(in))
			}
			return a, false, nil
		}
		body := in[at+protocol.HeaderLen : at+total]
		at += total
		switch typ {
		case 'P':
			if open {
				break // it is the gang's already
			}
			if p, ok := s.parseAhead(body); ok {
				if at == total {
					a.first = p.read
				}
				parsed = append(parsed, p)
				a.note(s.parseTarget(p))
			}
		case 'B':
			if open {
				break
			}
			if to, ok := s.bindTarget(parsed, body); ok {
				a.binds++
				a.note(to)
			}
		case 'E':
			a.executes++
		case 'D':
			if to, ok := s.describeTarget(parsed, body); ok && !open {
				a.note(to)
			}
		case 'C':
		default:
			return a, true, nil
		}
	}
}

var errBatchTooLong = pgerror.Newf(pgerror.ProgramLimitExceeded, "a batch of more than %d bytes cannot be taken on a sharded cluster", maxBatch).
	WithHint("Use COPY for large amounts of rows.")

// note joins the target of one more message.
func (a *batchAhead) note(to target) {
	switch {
	case to.err != nil:
		if a.refusal == nil {
			a.refusal = to.err
		}
	case to.gang:
		a.target.gang = true
	case to.any:
	case a.target.any:
		a.target.any, a.target.shard = false, to.shard
	case a.target.shard != to.shard:
		a.target.gang = true
	}
}

// parsedSQL is a statement that the batch itself prepares.
type parsedSQL struct {
	name, sql, oids []byte
	read            *sqlparse.Statement
}

func (s *Session) parseAhead(body []byte) (p parsedSQL, ok bool) {
	if p, ok = splitParse(body); ok {
		p.read = s.read(p.sql)
	}
	return p, ok
}

// splitParse takes a Parse apart. It does not read the SQL.
func splitParse(body []byte) (p parsedSQL, ok bool) {
	name, rest, ok1 := protocol.CString(body)
	sql, oids, ok2 := protocol.CString(rest)
	return parsedSQL{name: name, sql: sql, oids: oids}, ok1 && ok2
}

// parseTarget: a Parse alone concerns no shard, unless it is known already
// that none can run it, or that a transaction over several begins.
func (s *Session) parseTarget(p parsedSQL) target {
	kind := p.read.Kind()
	if nowhere[kind] != "" {
		return s.targetOf(p.read, p.sql, nil)
	}
	return target{any: true}
}

// describeTarget is where the statement of a Describe is known, if not
// everywhere.
func (s *Session) describeTarget(parsed []parsedSQL, body []byte) (target, bool) {
	if len(body) < 2 || body[0] != 'S' || body[len(body)-1] != 0 {
		return target{}, false
	}
	p, ok := s.statementAhead(parsed, body[1:len(body)-1])
	if !ok || !namesIts(p.read) {
		return target{}, false
	}
	return s.targetOf(p.read, p.sql, nil), true
}

// bindTarget is where the statement that a Bind names goes with its arguments.
func (s *Session) bindTarget(parsed []parsedSQL, body []byte) (target, bool) {
	_, rest, ok1 := protocol.CString(body)
	name, args, ok2 := protocol.CString(rest)
	if !ok1 || !ok2 {
		return target{}, false
	}
	p, ok := s.statementAhead(parsed, name)
	if !ok {
		return target{}, false
	}
	t := s.t
	values, ok := planArgs(t.args[:0], args, p.oids)
	if !ok {
		return target{}, false
	}
	to := s.targetOf(p.read, p.sql, values)
	clear(values) // they alias the client's input
	if cap(values) <= maxKeptArgs {
		t.args = values[:0]
	}
	if p.read.Kind() == sqlparse.KindBegin {
		to.gang = true // what else stands in the batch would have to be held back
	}
	return to, true
}

// statementAhead is the statement of that name at this point of the batch.
func (s *Session) statementAhead(parsed []parsedSQL, name []byte) (parsedSQL, bool) {
	for i := len(parsed) - 1; i >= 0; i-- {
		if string(parsed[i].name) == string(name) {
			return parsed[i], true
		}
	}
	if len(name) == 0 {
		if s.unnamed.id == 0 || len(s.unnamed.frame) < protocol.HeaderLen {
			return parsedSQL{}, false
		}
		p, ok := splitParse(s.unnamed.frame[protocol.HeaderLen:])
		p.read = s.unnamed.read
		return p, ok
	}
	st := s.statements[string(name)]
	if st == nil || st.shared == nil {
		return parsedSQL{}, false
	}
	sql := unsafe.Slice(unsafe.StringData(st.shared.SQL), len(st.shared.SQL)) // nobody writes to it
	return parsedSQL{name: name, sql: sql, oids: st.shared.OIDs, read: st.read}, true
}

// maxKeptArgs bounds the list that is kept for the next batch.
const maxKeptArgs = 64

// planArgs appends the arguments of a Bind as plans take them. They alias it.
func planArgs(list []plan.Arg, args, oids []byte) ([]plan.Arg, bool) {
	formats, b, ok := counted(args, 2)
	if !ok || len(b) < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	for i := range n {
		value, rest, ok := bindValue(b)
		if !ok {
			return nil, false
		}
		a := plan.Arg{Value: value, Null: value == nil, OID: oidAt(oids, i)}
		if formatOf(formats, i) == 1 {
			a.Format = 1
		}
		list, b = append(list, a), rest
	}
	return list, true
}

// oidAt is the i-th type of a Parse's list, 0 where it says none.
func oidAt(oids []byte, i int) uint32 {
	if len(oids) < 2+4*(i+1) {
		return 0
	}
	b := oids[2+4*i:]
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// errUnrouted is the answer to what cannot be looked at as a whole.
var errUnrouted = pgerror.New(pgerror.FeatureNotSupported, "function calls by their number, and statements too long to be read, are not supported on a sharded cluster").
	WithHint("Use SQL in place of the function call protocol (large objects), COPY in place of very long statements.")

// stepShards does what is to be done with a message of a batch before the
// ordinary way takes it. waits: it has been dealt with, or more must come.
func (s *Session) stepShards(typ byte, total int) (waits bool, err error) {
	t := s.traffic()
	if !t.routed && !t.skipping {
		more, err := s.routeBatch()
		if more {
			return true, s.await()
		}
		if err != nil || s.t == nil { // the last: it was answered from memory
			return true, err
		}
		t = s.t
	}
	if !t.byGang {
		return false, nil
	}
	frame := s.client.Input()[:total]
	if typ == 'E' { // it may be a COPY, whose data stand behind it
		frame = bytes.Clone(frame)
		s.client.Consume(total)
		return true, s.gangTake(typ, frame)
	}
	err = s.gangTake(typ, frame)
	if err == nil {
		s.client.Consume(total)
	}
	return true, err
}

// leaveBatch ends, for the server, a batch of which the client has flushed
// the front and whose rest concerns another shard. Nothing was run in it.
func (s *Session) leaveBatch() error {
	t := s.t
	if t.executed > 0 || s.inTransaction() {
		return s.rejectBatch(errAcrossFlush)
	}
	t.out = protocol.AppendFrame(t.out, 'S')
	t.queue.push(expect{kind: 'S', do: skip})
	t.unsynced = false
	return s.exchange()
}

var errAcrossFlush = pgerror.New(pgerror.FeatureNotSupported, "a batch that was flushed in the middle cannot go on on another shard").
	WithHint("Send a Sync before the statement for the other shard.")

// explainShards says which shards a statement concerns. Where it is one, the
// plan is what becomes of it there.
func (s *Session) explainShards(read *sqlparse.Statement, sql []byte, f router.Facts) (lines []string, p plan.Plan) {
	if anywhere[read.Kind()] || nowhere[read.Kind()] != "" {
		if to := s.targetOf(read, sql, nil); to.err != nil {
			return nil, &plan.Reject{Err: to.err}
		}
		return []string{"shard    any"}, s.servers.Router().Route(read, f)
	}
	if namesIts(read) {
		if read, sql = s.explainNamed(read, sql); read == nil {
			return nil, &plan.Direct{AnyShard: true, Why: "the session keeps it"}
		}
	}
	whole := s.planText(read, sql, nil)
	d, ok := whole.(*plan.Direct)
	if !ok {
		return nil, whole
	}
	line := "shard    " + s.shards.all.List[d.Shard].Name + "  " + d.Why
	if d.AnyShard {
		line = "shard    any  " + d.Why
	}
	if d.Shard != s.shards.at && s.replica == nil {
		s.stand(d.Shard) // for the time of the explanation
	}
	return []string{line}, s.shards.all.List[d.Shard].Servers.Router().Route(read, f)
}
