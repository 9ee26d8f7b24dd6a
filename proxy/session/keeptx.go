package session

import "github.com/wyeproxy/wye/protocol"

// keptHere reports whether an answer from memory is as good as the server's
// at this point of the session: outside of transactions, and in those that
// are certainly READ COMMITTED and have done nothing but read so far. There
// each statement sees what was committed before it began, as outside. What
// else a transaction does may take a lock, and whoever holds one wants to see
// what was committed just before he got it, which we may not have heard of.
func (s *Session) keptHere(keep *Keep) bool {
	if s.idleStatus == protocol.TxIdle {
		return s.conn == nil && s.tx.state == txServer
	}
	if s.shards != nil {
		return false
	}
	if !keep.InTransactions || s.idleStatus != protocol.TxOpen {
		return false
	}
	return s.tx.state == txBegun && s.readsCommitted() || s.tx.state == txServer && s.tx.reads
}

// whyNotInTx is what keptHere has against it, in words.
func (s *Session) whyNotInTx(keep *Keep) string {
	switch {
	case s.shards != nil && s.inTransaction():
		return "transactions of sharded clusters are the servers'"
	case !keep.InTransactions:
		return "the session is in a transaction, and cache.transactions is off"
	case s.tx.state == txServer && s.idleStatus == protocol.TxOpen:
		return "the transaction has done something else than read, or its isolation level was not known when it began"
	}
	return "the transaction is not certain to be READ COMMITTED, or it is to run on the primary"
}

// readsCommitted reports whether the transaction that no server knows of yet
// is certainly READ COMMITTED: its own words say so, or what the client has
// set. (READ UNCOMMITTED is the same in PostgreSQL.) What servers have by
// default they do not tell.
func (s *Session) readsCommitted() bool {
	isolation := s.wish.isolation
	if m := s.tx.mode; m != nil {
		if m.role == "primary" {
			return false
		}
		if m.Isolation != "" {
			isolation = m.Isolation
		}
	}
	return isolation == "read committed" || isolation == "read uncommitted"
}

// noteInTx notes that a statement is sent to the transaction's server.
func (s *Session) noteInTx(read bool) { s.tx.reads = s.tx.reads && read }

// portalsOpen reports whether the client has a portal open in its transaction: the
// next message may go on with it, and must not find it behind one that was
// answered from memory.
func (s *Session) portalsOpen() bool {
	return s.portal != nil || s.portalRead != nil || len(s.portals) > 0
}
