package session

import (
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// maxPrelude bounds what a shard that joins a transaction late is told, in
// bytes.
const maxPrelude = 64 << 10

// openGang makes the client's transaction the gang's: it may span shards from
// now on. What a server knows of it already goes on there.
func (s *Session) openGang() {
	g := &s.shards.gang
	g.open = true
	if s.tx.state == txBegun {
		g.prelude = append(g.prelude[:0], s.tx.begin...)
		g.isolated = isolated(s.wish.isolation, s.tx.mode)
		s.tx = tx{begin: s.tx.begin[:0]}
	}
	c := s.conn
	if c == nil {
		return
	}
	m := &member{shard: s.shards.at, conn: c, reader: s.replica, begun: c.Status != protocol.TxIdle, kept: s.pins != 0}
	m.wrote = m.begun && s.written != nil && s.written.any
	g.ddl = g.ddl || m.wrote && s.written.ddl
	g.members[s.shards.at] = m
	s.replica = nil
	if !m.kept {
		s.conn = nil
		s.shown.conn.Store(0)
		s.unwatchServer(c)
	}
}

// isolated reports whether a transaction has one snapshot for all of its
// statements.
func isolated(fallback string, mode *txMode) bool {
	level := fallback
	if mode != nil && mode.Isolation != "" {
		level = mode.Isolation
	}
	return level == "repeatable read" || level == "serializable"
}

// control runs a statement that is about the transaction or the session's
// parameters. done is false for all others.
func (s *Session) control(o *order) (done bool, err error) {
	g := &s.shards.gang
	kind := o.read.Kind()
	switch {
	case g.failed && kind != sqlparse.KindCommit && kind != sqlparse.KindRollback && kind != sqlparse.KindRollbackTo:
		return true, errClient{errFailedTx}
	case kind == sqlparse.KindBegin:
		return true, s.controlBegin(o)
	case kind == sqlparse.KindCommit, kind == sqlparse.KindRollback:
		return true, s.controlEnd(o, kind == sqlparse.KindCommit)
	case kind == sqlparse.KindSavepoint, kind == sqlparse.KindReleaseSavepoint, kind == sqlparse.KindRollbackTo:
		return true, s.controlAll(o, true)
	case kind == sqlparse.KindSet, kind == sqlparse.KindReset:
		g.set = g.open
		for _, e := range o.read.Parts[0].Effects {
			if strings.Contains(e.Name, ".") {
				g.names = append(g.names, e.Name)
			}
		}
		return true, s.controlAll(o, g.open)
	case !o.read.Parsed():
	case kind == sqlparse.KindFetch, kind == sqlparse.KindClose:
		return true, s.followCursor(o)
	case kind == sqlparse.KindPrepare:
		return true, s.prepareOrder(o)
	case kind == sqlparse.KindExecute:
		return true, s.executeOrder(o)
	case kind == sqlparse.KindDeallocate:
		return true, s.deallocateOrder(o)
	}
	return false, nil
}

var errFailedTx = pgerror.New(pgerror.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")

// controlBegin opens the client's transaction.
func (s *Session) controlBegin(o *order) error {
	g := &s.shards.gang
	if g.open {
		w := pgerror.New(pgerror.ActiveSQLTransaction, "there is already a transaction in progress")
		w.Severity = "WARNING"
		s.edited(w.AppendNotice(s.edit()))
		s.emitTag(beginTagOf(o.sql))
		return nil
	}
	g.open, g.implicit = true, false
	g.prelude = protocol.AppendExecuteOnce(g.prelude[:0], []byte(o.sql))
	var mode *txMode
	if f := o.read.Facts(); f != nil {
		mode = &txMode{TxMode: f.Mode}
	}
	g.isolated = isolated(s.wish.isolation, mode)
	s.xactAt = now()
	s.shown.xactSince.Store(int64(s.xactAt))
	s.toldStatus(protocol.TxOpen)
	s.emitTag(beginTagOf(o.sql))
	return nil
}

func beginTagOf(sql string) string {
	if tag := beginTag([]byte(sql)); tag != "" {
		return tag
	}
	return "BEGIN"
}

// controlEnd commits, or rolls back, on all shards.
func (s *Session) controlEnd(o *order, commit bool) error {
	g := &s.shards.gang
	if !g.open {
		return s.controlNothing(commit)
	}
	prelude, chain := append([]byte(nil), g.prelude...), o.read.Parts[0].Chain
	isolated := g.isolated
	tag := "ROLLBACK"
	var refusal *pgerror.Error
	if commit && !g.failed {
		tag = "COMMIT"
		refusal = s.commitGang()
	}
	s.disband()
	s.toldStatus(protocol.TxIdle)
	s.shown.xactSince.Store(0)
	if refusal != nil {
		return errClient{refusal}
	}
	if chain {
		g.open, g.prelude, g.isolated = true, append(g.prelude[:0], prelude...), isolated
		s.toldStatus(protocol.TxOpen)
	}
	s.emitTag(tag)
	return nil
}

// controlNothing answers a COMMIT outside of a transaction.
func (s *Session) controlNothing(commit bool) error {
	w := pgerror.New(pgerror.NoActiveSQLTransaction, "there is no transaction in progress")
	w.Severity = "WARNING"
	s.edited(w.AppendNotice(s.edit()))
	if commit {
		s.emitTag("COMMIT")
	} else {
		s.emitTag("ROLLBACK")
	}
	return nil
}

// controlAll runs the statement on every member, and on those that join later.
func (s *Session) controlAll(o *order, remember bool) error {
	g := &s.shards.gang
	if remember && len(g.prelude)+len(o.sql) > maxPrelude {
		return errClient{pgerror.New(pgerror.ProgramLimitExceeded, "too many savepoints and settings in one transaction over several shards")}
	}
	if len(o.args) > 0 {
		return errClient{pgerror.New(pgerror.FeatureNotSupported, "settings with parameters are not taken in a transaction over several shards")}
	}
	if _, err := s.member(s.shards.at, nil); err != nil { // somebody must say what is wrong with it
		return errClient{err}
	}
	tag := ""
	request := protocol.AppendFrame(protocol.AppendExecuteOnce(nil, []byte(o.sql)), 'S')
	for _, m := range g.members {
		if m == nil || !m.begun && g.open {
			continue
		}
		st, err := s.ask(m, request)
		if err == nil {
			_, err = st.Next()
			tag = st.Tag
		}
		if err == nil {
			err = s.closeStream(m)
		}
		switch {
		case err != nil:
			return errClient{s.memberError(m, err)}
		case st.Refusal != nil:
			return errClient{st.Refusal}
		}
	}
	if remember {
		g.prelude = protocol.AppendExecuteOnce(g.prelude, []byte(o.sql))
	}
	if o.read.Kind() == sqlparse.KindRollbackTo {
		g.failed = false
		s.toldStatus(protocol.TxOpen)
	}
	s.emitTag(tag)
	return nil
}
