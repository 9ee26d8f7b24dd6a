package session

import (
	"slices"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// base is the instant of start: it turns a session's times into the clock's,
// never to an earlier moment.
var base = func() freshness.Instant {
	since := time.Since(start)
	return freshness.Now().Add(-since)
}()

// instant is at on the clock of freshness.
func instant(at time.Duration) freshness.Instant { return base.Add(at) }

// written is what the current transaction has changed.
type written struct {
	any, all, ddl bool
	tables        []string
}

// maxWritten bounds the tables that are kept apart.
const maxWritten = 64

// mayDefine are the kinds after which the catalog is read anew before a read
// is proven again. A query may call a function that defines something, and
// while the catalog is not known any query might: then the replicas' own
// refusal, and the next reading of the catalog, have to do.
var mayDefine = map[sqlparse.Kind]bool{
	sqlparse.KindDDL: true, sqlparse.KindUtility: true, sqlparse.KindMulti: true, sqlparse.KindUnknown: true,
	sqlparse.KindCall: true, sqlparse.KindDo: true, sqlparse.KindExecute: true, sqlparse.KindCommitPrepared: true,
}

// onlySession are the kinds that change nothing but the session: no later
// read shows them.
var onlySession = map[sqlparse.Kind]bool{
	sqlparse.KindSet: true, sqlparse.KindReset: true, sqlparse.KindShow: true, sqlparse.KindDiscard: true,
	sqlparse.KindDeallocate: true, sqlparse.KindListen: true, sqlparse.KindUnlisten: true, sqlparse.KindBegin: true,
	sqlparse.KindSavepoint: true, sqlparse.KindRollbackTo: true, sqlparse.KindReleaseSavepoint: true,
}

// noteWrite notes what a statement changes that is sent to the primary. nil:
// nobody knows what it does.
func (s *Session) noteWrite(read *sqlparse.Statement) {
	if !s.noting && s.shards == nil || s.replica != nil {
		if s.tx.reads {
			s.noteInTx(read != nil && read.Plain() && s.servers.Router().Verdict(read).ReadOnly)
		}
		return
	}
	if read == nil {
		s.noteInTx(false)
		w := s.writes()
		w.any, w.all, w.ddl = true, true, true
		return
	}
	v := s.servers.Router().Verdict(read)
	s.noteInTx(v.ReadOnly && read.Plain())
	if v.ReadOnly {
		s.tally.PrimaryReads++
	}
	if v.Unknown {
		s.servers.Missed()
	}
	if !v.Changes || onlySession[read.Kind()] {
		return
	}
	w := s.writes()
	w.any, w.ddl = true, w.ddl || v.DDL && mayDefine[read.Kind()]
	w.all = w.all || v.WritesAll || len(w.tables)+len(v.Writes) > maxWritten
	for _, table := range v.Writes {
		if !slices.Contains(w.tables, table) {
			w.tables = append(w.tables, table)
		}
	}
}

// writes is written to write to: sessions that only read have none.
func (s *Session) writes() *written {
	if s.written == nil {
		s.written = new(written)
	}
	return s.written
}

// tellWritten moves the clock of freshness: the acknowledgement of what was
// written has arrived, and the client has not been told.
func (s *Session) tellWritten() {
	w := s.written
	if w == nil || !w.any {
		s.tellUnnoted()
		return
	}
	s.wrote = instant(now())
	s.servers.Wrote(s.wrote, w.tables, w.all, w.ddl)
	*w = written{tables: w.tables[:0]}
}

// tellUnnoted: a transaction that began before a reload gave the cluster a
// cache has written nobody knows what.
func (s *Session) tellUnnoted() {
	if !s.noting && s.shards == nil && s.servers != nil && s.settings.Load().Keep != nil {
		s.servers.Wrote(instant(now()), nil, true, true)
	}
}

// noteSeen notes when the session last looked, and where.
func (s *Session) noteSeen(at time.Duration) {
	if !s.splits {
		return
	}
	s.looked = instant(at)
	s.home = s.replica
}
