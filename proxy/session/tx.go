package session

import (
	"bytes"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// txState is what the client believes of its transaction where a server does
// not know of it yet, or does not know any more.
type txState byte

const (
	txServer txState = iota // what the server said last holds
	txBegun                 // the client has begun one, and no server has heard of it: see tx.begin
	txLost                  // the server went away with it, and the client has not been told
	txFailed                // the client was told: all fails until it rolls back
)

// tx is the session's transaction, as far as it is not the server's.
type tx struct {
	state txState
	// begin holds what the client began the transaction with, BEGIN and SET
	// TRANSACTION after it, as messages for a server: they are sent in front
	// of the first statement that needs one to know. begins counts them.
	begin  []byte
	begins int
	// failed: what was sent at the front has failed, and so has the
	// transaction, though the server has none.
	failed bool
	mode   *txMode // of what began it, nil when that says nothing
	// answered: a statement in it was, from memory or by a replica, and no server
	// knows that of the transaction.
	answered bool
	// reads: a server has it, it is READ COMMITTED, and it was sent nothing but
	// proven reads.
	reads bool
	// portal is the statement of the unnamed portal in a transaction that
	// was lost, where no server has one.
	portal *sqlparse.Statement
}

// txMode is what the statements that began a transaction say of it.
type txMode struct {
	sqlparse.TxMode
	role string // SET LOCAL wye.role
}

// modes is mode to write to.
func (t *tx) modes() *txMode {
	if t.mode == nil {
		t.mode = new(txMode)
	}
	return t.mode
}

// beginsHere reports whether a simple Query begins a transaction that no
// server need know of yet.
func (s *Session) beginsHere(read *sqlparse.Statement, sql []byte) bool {
	return beginTag(sql) != "" && read != nil && read.Kind() == sqlparse.KindBegin && read.Plain() && s.tx.state == txServer && s.conn == nil &&
		s.idleStatus == protocol.TxIdle && s.t.queue.empty() && !s.t.unsynced && s.mode() == Transaction
}

// begin answers BEGIN without a server: the first statement will tell which.
func (s *Session) begin(read *sqlparse.Statement, sql []byte) {
	s.tx.begin, s.tx.begins = protocol.AppendExecuteOnce(s.tx.begin[:0], sql), 1
	s.tx.state = txBegun
	s.tx.mode = nil
	if f := read.Facts(); f != nil && f.Mode != (sqlparse.TxMode{}) {
		s.tx.mode = &txMode{TxMode: f.Mode}
	}
	at := now()
	s.xactAt = at
	s.toldStatus(protocol.TxOpen)
	s.shown.xactSince.Store(int64(at))
	s.tally.Query(0)
	s.sayComplete(beginTag(sql))
}

// beginTag is how PostgreSQL answers what begins a transaction: after its
// first word. "" for a text that begins with something else, a comment say.
func beginTag(sql []byte) string {
	switch sql = bytes.TrimLeft(sql, " \t\r\n"); {
	case len(sql) >= 5 && bytes.EqualFold(sql[:5], []byte("begin")):
		return "BEGIN"
	case len(sql) >= 5 && bytes.EqualFold(sql[:5], []byte("start")):
		return "START TRANSACTION"
	}
	return ""
}

// toldStatus notes the transaction status that the client is told by us.
func (s *Session) toldStatus(status byte) {
	s.idleStatus = status
	s.shown.inTx.Store(status != protocol.TxIdle)
}

// endTx ends a transaction that no server has.
func (s *Session) endTx(tag string) {
	s.tx = tx{begin: s.tx.begin[:0]}
	s.toldStatus(protocol.TxIdle)
	s.shown.xactSince.Store(0)
	at := now()
	s.tally.Query(0)
	s.tally.Xact(at - s.xactAt)
	s.xactAt = at
	s.sayComplete(tag)
}

// takeInTx takes a simple Query in a transaction that is the session's own.
// done is false when the query needs a server after all.
func (s *Session) takeInTx(read *sqlparse.Statement, sql []byte) (done bool, err error) {
	switch s.tx.state {
	case txBegun:
		return s.conn == nil && s.takeBegun(read, sql), nil
	case txLost, txFailed:
		return s.takeLost(read)
	}
	return false, nil
}

// takeBegun answers what needs no server in a transaction that none has.
func (s *Session) takeBegun(read *sqlparse.Statement, sql []byte) bool {
	if read == nil || len(read.Parts) != 1 || !s.t.queue.empty() || s.t.unsynced {
		return false
	}
	switch p := read.Parts[0]; p.Kind {
	case sqlparse.KindCommit:
		if p.Chain {
			return false
		}
		s.endTx("COMMIT")
	case sqlparse.KindRollback:
		if p.Chain {
			return false
		}
		s.endTx("ROLLBACK")
	case sqlparse.KindSet:
		return s.setsTransaction(read, sql)
	default:
		return false
	}
	s.forgetUnnamed()
	return true
}

// maxBegin bounds how many statements begin a transaction before they are
// sent.
const maxBegin = 8

// setsTransaction takes SET LOCAL wye.role, and SET TRANSACTION, which some clients send behind
// BEGIN: it is a part of what begins the transaction, and says whether a
// replica will do.
func (s *Session) setsTransaction(read *sqlparse.Statement, sql []byte) bool {
	if e := ownSet(read); e != nil && e.Name == roleName && e.Local && validRole(e.Value) && s.tx.begins < maxBegin {
		s.tx.modes().role = strings.ToLower(e.Value)
		s.beginsWith(sql)
		return true
	}
	f := read.Facts()
	if s.tx.answered {
		return false // the server says whether it comes too late
	}
	if f == nil || f.Mode.Session || f.Mode.Snapshot || f.Mode == (sqlparse.TxMode{}) || f.Hint.Role != "" || s.tx.begins >= maxBegin || f.Mode.ReadWrite {
		return false
	}
	m := s.tx.modes()
	m.ReadOnly = m.ReadOnly || f.Mode.ReadOnly
	m.Deferrable = m.Deferrable || f.Mode.Deferrable
	if f.Mode.Isolation != "" {
		m.Isolation = f.Mode.Isolation
	}
	s.beginsWith(sql)
	return true
}

// beginsWith adds a SET to what begins the transaction. sql ends in a NUL.
func (s *Session) beginsWith(sql []byte) {
	s.tx.begin = protocol.AppendExecuteOnce(s.tx.begin, sql[:len(sql)-1])
	s.tx.begins++
	s.tally.Query(0)
	s.sayComplete("SET")
	s.forgetUnnamed()
}

var errTxLost = pgerror.New(pgerror.SerializationFailure, "the transaction was rolled back: its server connection was lost").
	WithHint("the server went away before COMMIT was sent; run the transaction again")

// sendBegin puts what began the transaction in front of what is sent next.
// It goes out in the extended protocol, in the same batch: should it fail,
// the server ignores everything up to the next Sync, a simple Query
// included, and nothing ever runs outside of the transaction.
//
// PostgreSQL refuses to change how a transaction is isolated once it has run a
// query. If one was answered without it, it is given another, unless what
// comes first is one.
func (s *Session) sendBegin(first *sqlparse.Statement) {
	t := s.t
	if s.tx.answered && (first == nil || !queries[first.Kind()]) {
		s.tx.begin = protocol.AppendExecuteOnce(s.tx.begin, []byte("SELECT WHERE false"))
		s.tx.begins++
	}
	t.out = append(t.out, s.tx.begin...)
	for range s.tx.begins {
		t.queue.push(expect{kind: 'P', do: skip, begins: true})
		t.queue.push(expect{kind: 'B', do: skip, begins: true})
		t.queue.push(expect{kind: 'E', do: skip, begins: true})
	}
	s.conn.Unnamed = 0
	t.unsynced = true
	if s.shards != nil {
		s.shards.began(s)
	}
	keep := s.settings.Load().Keep
	s.tx = tx{begin: s.tx.begin[:0], reads: keep != nil && keep.InTransactions && s.readsCommitted()}
}

// queries are the kinds for which PostgreSQL takes a snapshot before all else.
var queries = map[sqlparse.Kind]bool{
	sqlparse.KindSelect: true, sqlparse.KindInsert: true, sqlparse.KindUpdate: true, sqlparse.KindDelete: true, sqlparse.KindMerge: true,
}

// beginFailed ends the batch whose transaction could not be begun: the
// server waits for a Sync, which a simple Query does not bring.
func (s *Session) beginFailed(owesQuery bool) error {
	s.tx.failed = true
	if !owesQuery {
		return nil
	}
	s.t.queue.push(expect{kind: 'S'})
	s.t.skipping = false
	return s.conn.Send(protocol.AppendFrame(nil, 'S'))
}
