package session

import (
	"bytes"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// maxPipelined is how many bytes of requests are sent without waiting for
// answers in between.
const maxPipelined = 16 << 10

// takeQuery takes a simple Query.
func (s *Session) takeQuery(frame, body []byte) (exchange bool, err error) {
	t := s.t
	var read *sqlparse.Statement
	if end := len(body) - 1; end >= 0 && bytes.IndexByte(body, 0) == end {
		read = s.read(body[:end])
	} // else malformed: the server says so in its own words
	if s.shards != nil && s.shards.gang.open {
		done, err := s.takeSharded(read, body[:max(len(body)-1, 0)])
		return done, err
	}
	if s.tx.state != txServer {
		if done, err := s.takeInTx(read, body); done || err != nil {
			return true, err
		}
	} else if s.beginsHere(read, body) {
		s.begin(read, body[:len(body)-1])
		s.forgetUnnamed()
		return true, nil
	}
	if read != nil && (!read.Plain() || !read.Parsed() || read.Kind() == sqlparse.KindShow) {
		if done, err := s.notable(read, body[:len(body)-1]); done || err != nil {
			return true, err
		}
	}
	if s.shards != nil {
		if done, err := s.takeSharded(read, body[:max(len(body)-1, 0)]); done || err != nil {
			return true, err
		}
	}
	if read != nil && s.keptQuery(read, body[:len(body)-1], s.fromHere()) {
		return true, nil
	}
	if err := s.attach(read, false); err != nil {
		return true, s.reject(err, 'Q')
	}
	s.noteWrite(read)
	if read != nil && !read.Plain() {
		if s.materialize(read) {
			t.out = protocol.AppendFrame(t.out, 'S')
			t.queue.push(expect{kind: 'S', do: skip})
		}
	}
	s.t.executed++
	s.forgetUnnamed()
	s.conn.Unnamed = 0 // a simple Query destroys the unnamed statement
	t.out = append(t.out, frame...)
	t.queue.push(expect{kind: 'Q', read: read})
	pipelined := s.replica == nil && s.shards == nil && t.fill == nil && (read == nil || read.Plain()) && len(t.out) < maxPipelined && s.more(len(frame))
	return !pipelined, nil
}

// notable looks at a statement that does something to the session before it
// is sent: some are refused, some need no server.
func (s *Session) notable(read *sqlparse.Statement, sql []byte) (done bool, err error) {
	if refusal := ownRefusal(read, sql, false); refusal != nil {
		return true, s.reject(refusal, 'Q')
	}
	if refusal := s.refusalOf(read); refusal != nil {
		return true, s.reject(refusal, 'Q')
	}
	if done, err := s.wyesOwn(read, sql); done || err != nil {
		return true, err
	}
	if s.answerLocally(read) {
		return true, nil
	}
	return false, nil
}

// answerLocally answers statements that only concern what wye itself keeps
// for the client, when no server conn is involved.
func (s *Session) answerLocally(read *sqlparse.Statement) bool {
	if !s.t.queue.empty() || s.t.unsynced || len(read.Parts) != 1 || s.mode() == Wholly {
		return false
	}
	effects := read.Parts[0].Effects
	if s.tx.state == txBegun && len(effects) == 1 && effects[0].Kind == sqlparse.DiscardAll {
		return false // not allowed in a transaction: the server says so
	}
	if len(effects) != 1 || s.conn != nil && (s.conn.Status == protocol.TxFailed || effects[0].Kind != sqlparse.Deallocate) {
		return false
	}
	var tag string
	switch e := effects[0]; e.Kind {
	case sqlparse.Deallocate:
		if st := s.statements[e.Name]; st == nil || st.shared == nil || s.conn != nil && st.on == s.conn {
			return false
		}
		s.dropStatement(e.Name)
		tag = "DEALLOCATE"
	case sqlparse.DeallocateAll:
		s.dropStatements()
		tag = "DEALLOCATE ALL"
	case sqlparse.DiscardAll:
		if s.params != s.startup {
			return false // the client must be told what its parameters are now
		}
		s.dropStatements()
		tag = "DISCARD ALL"
	default:
		return false
	}
	s.forgetUnnamed()
	s.t.executed++
	s.sayComplete(tag)
	return true
}

func (s *Session) sayComplete(tag string) {
	b := s.edit()
	b = protocol.AppendCommandComplete(b, tag)
	s.edited(protocol.AppendReady(b, s.idleStatus))
}

// takeCall takes a function call, the old fast path that large objects use.
func (s *Session) takeCall(frame []byte) (exchange bool, err error) {
	if err := s.attach(nil, false); err != nil {
		return true, s.reject(err, 'F')
	}
	s.noteWrite(nil)
	s.t.executed++
	s.t.out = append(s.t.out, frame...)
	s.t.queue.push(expect{kind: 'F'})
	return true, nil
}

// takeSync takes a Sync: the end of a batch.
func (s *Session) takeSync(frame []byte) (exchange bool, err error) {
	t := s.t
	t.skipping = false
	if len(frame) > protocol.HeaderLen { // malformed: the server says so
		if err := s.attach(nil, false); err != nil {
			return true, s.reject(err, 'Q')
		}
	}
	if s.conn == nil {
		t.queue.push(expect{kind: 'S', do: fake})
		return true, nil
	}
	t.out = append(t.out, frame...)
	t.queue.push(expect{kind: 'S'})
	pipelined := s.replica == nil && s.shards == nil && t.fill == nil && !s.change.any() && !t.sent && len(t.out) < maxPipelined && s.more(len(frame)) && s.allPlain()
	return !pipelined, nil
}

// allPlain reports whether nothing in the queue does anything to the
// session. What does is answered before anything else is sent: its end may
// need questions to the server.
func (s *Session) allPlain() bool {
	for _, e := range s.t.queue.entries[s.t.queue.head:] {
		if e.read != nil && !e.read.Plain() {
			return false
		}
	}
	return true
}

// takeFlush takes a Flush: what was asked so far is to be answered now.
func (s *Session) takeFlush(frame []byte) (exchange bool, err error) {
	t := s.t
	if len(frame) > protocol.HeaderLen { // malformed: the server says so
		return true, s.verbatim(frame, expect{kind: 'H'})
	}
	s.passFakes()
	t.routed = false // what comes next may concern another shard
	if s.conn != nil && !t.queue.empty() {
		t.out = append(t.out, frame...)
	}
	return true, nil
}

// reject answers the message in hand with an error of ours. kind is the
// message's type. When a transaction is open on a server, it must fail there
// too, or the client would go on in a transaction that PostgreSQL would have
// aborted: a Bind that cannot succeed is sent, and its error exchanged for
// ours.
func (s *Session) reject(refusal *pgerror.Error, kind byte) error {
	t := s.t
	if s.conn == nil && s.verdict.Load() != nil {
		return errVerdict // it was waiting for a conn
	}
	extended := kind != 'Q' && kind != 'F'
	if s.conn != nil {
		t.out = appendPoison(t.out)
		t.queue.push(expect{kind: 'B', refusal: refusal})
		t.unsynced = true
		if !extended {
			t.out = protocol.AppendFrame(t.out, 'S')
			t.queue.push(expect{kind: 'S'})
		}
		return nil
	}
	s.counts.Failed(refusal.Code)
	s.passFakes()
	if s.tx.state == txBegun { // an error fails a transaction, wherever it is
		s.tx.state = txFailed
		s.toldStatus(protocol.TxFailed)
	}
	b := refusal.AppendFrame(s.edit())
	if !extended {
		s.edited(protocol.AppendReady(b, s.idleStatus))
		return nil
	}
	s.edited(b)
	t.queue.reset()
	t.skipping = true
	return s.sendEdited()
}

// appendPoison appends a Bind of a statement that cannot exist.
func appendPoison(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, 'B', 0, 0, 0, 0, 0)
	dst = append(dst, "wye refuses\x00"...)
	dst = append(dst, 0, 0, 0, 0, 0, 0)
	dst[start+4] = byte(len(dst) - start - 1)
	return dst
}
