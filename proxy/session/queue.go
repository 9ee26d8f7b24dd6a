package session

import (
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// answer is what becomes of a server's answer to a message.
type answer byte

const (
	forward answer = iota // the client gets it
	skip                  // we asked: the client must not see it
	fake                  // nobody asked the server: we answer
)

// expect is one answer that is owed to the client or to us, in the order of
// the messages that cause it.
type expect struct {
	kind   byte // the message that asks: Q P B D E C S F
	do     answer
	portal bool // D: of a portal, answered by T or n; of a statement t comes before
	part   int  // Q: statements of the text that have been answered
	begins bool // P B E: of the BEGIN that we put in front

	read    *sqlparse.Statement // Q, E: what is being run
	stmt    *statement          // P B D E C: the client's statement
	was     *statement          // P, C: what the name meant before, for when the message is skipped
	shared  *connpool.Prepared  // P, C: what the server gains or loses
	refusal *pgerror.Error      // B: sent to fail, so that the transaction fails with this
}

// queue is the ordered list of expected answers of one server conn. Every
// answer is matched against its head; everything that wye adds, leaves out or
// answers itself is an entry. "Out of sync" can only mean that this is wrong.
type queue struct {
	entries []expect
	head    int
}

func (q *queue) empty() bool { return q.head == len(q.entries) }

func (q *queue) first() *expect {
	if q.empty() {
		return nil
	}
	return &q.entries[q.head]
}

func (q *queue) push(e expect) { q.entries = append(q.entries, e) }

func (q *queue) pop() { q.head++ }

// syncs counts the ReadyForQuery messages that are owed.
func (q *queue) syncs() int {
	n := 0
	for i := q.head; i < len(q.entries); i++ {
		if q.entries[i].endsInReady() {
			n++
		}
	}
	return n
}

// faked counts the Parse messages at the beginning that the server was never
// sent.
func (q *queue) faked() int {
	n := 0
	for n < len(q.entries) && q.entries[n].do == fake && q.entries[n].kind == 'P' {
		n++
	}
	return n
}

// openEnded reports whether a batch stands at the end whose Sync has not been
// sent.
func (q *queue) openEnded() bool {
	return !q.empty() && !q.entries[len(q.entries)-1].endsInReady()
}

func (e *expect) endsInReady() bool { return e.kind == 'S' || e.kind == 'Q' || e.kind == 'F' }

// reset forgets the entries, which are kept until then for a replay.
func (q *queue) reset() {
	clear(q.entries)
	q.entries = q.entries[:0]
	q.head = 0
}
