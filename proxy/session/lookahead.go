package session

import (
	"unsafe"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// maxBatch bounds a batch that is looked at as a whole before it is sent, in
// bytes.
const maxBatch = 16 << 20

// batchAhead is what a look at the messages up to Sync or Flush has found.
type batchAhead struct {
	target   target
	refusal  *pgerror.Error
	first    *sqlparse.Statement // see traffic
	executes int
}

// lookAhead reads the messages of the batch without taking them.
func (s *Session) lookAhead() (a batchAhead, whole bool) {
	in := s.client.Input()
	a.target.any = true
	var few [2]parsedSQL
	parsed := few[:0] // what the batch prepares itself
	for at := 0; ; {
		typ, total, ok, err := protocol.PeekClient(in[at:])
		switch {
		case err != nil:
			return a, true // whoever takes the message says what is wrong with it
		case !ok || len(in)-at < total:
			if len(in) > maxBatch || total > maxBatch {
				a.refusal = errBatchTooLong
				return a, true
			}
			if !ok {
				total = 0
			}
			s.roomFor(len(in), at+total)
			return a, false
		case !extended[typ]:
			return a, true
		}
		parsed = s.lookAt(&a, parsed, typ, in[at+protocol.HeaderLen:at+total], at == 0)
		at += total
	}
}

// roomFor makes room for a message of which the client's input, of this
// length, has the beginning. end is where it ends, if that is known.
func (s *Session) roomFor(length, end int) {
	switch room := s.client.Room(); {
	case end > room:
		s.client.Grow(end)
	case length == room:
		s.client.Grow(2 * length)
	}
}

// lookAt takes note of one message, and of what it prepares. Of a transaction
// that is the gang's already there is nothing to find out.
func (s *Session) lookAt(a *batchAhead, parsed []parsedSQL, typ byte, body []byte, first bool) []parsedSQL {
	var to target
	var ok bool
	switch {
	case typ == 'E':
		a.executes++
	case s.shards.gang.open:
	case typ == 'P':
		var p parsedSQL
		if p, ok = s.parseAhead(body); ok {
			if first {
				a.first = p.read
			}
			parsed, to = append(parsed, p), s.parseTarget(p)
		}
	case typ == 'B':
		to, ok = s.bindTarget(parsed, body)
	case typ == 'D':
		to, ok = s.describeTarget(parsed, body)
	}
	if ok {
		a.note(to)
	}
	return parsed
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

// maxKeptArgs bounds the list that is kept for the next batch.
const maxKeptArgs = 64

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
