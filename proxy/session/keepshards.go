package session

import (
	"slices"

	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// EveryShard stands for all shards where one may be named: an answer that is
// put together of several depends on what is written on any. Which of them
// the statement reads would make it last longer, and no more right.
const EveryShard = -1

// fromHere is the shard that the session's ordinary way leads to, 0 where
// there are none.
func (s *Session) fromHere() int {
	if s.shards == nil {
		return 0
	}
	return s.shards.at
}

// verdictOn is what the catalog says of a statement, on the shard at hand or
// on all, and why its answer is not to be kept ("" if it may). Shards whose
// catalogs say different things of it would each need to be believed for a
// part.
func (s *Session) verdictOn(read *sqlparse.Statement, from int) (v *router.Verdict, unkept string) {
	if from != EveryShard {
		v = s.servers.Router().Verdict(read)
		return v, v.Unkept
	}
	for k := range s.shards.all.List {
		one := s.shards.all.List[k].Servers.Router().Verdict(read)
		switch {
		case one.Unkept != "":
			return one, one.Unkept
		case v == nil:
			v = one
		case !slices.Equal(v.Tables, one.Tables):
			return v, "it reads other tables on one shard than on another (SHOW DRIFT says how they differ)"
		}
	}
	return v, ""
}

// lastWriteOn is when one of the tables was written last, on the shard at hand
// or on any.
func (s *Session) lastWriteOn(tables []string, from int) (last freshness.Instant) {
	if from != EveryShard {
		return s.servers.LastWrite(tables)
	}
	for k := range s.shards.all.List {
		last = max(last, s.shards.all.List[k].Servers.LastWrite(tables))
	}
	return last
}

// keptOfGang is keptQuery for a statement that the gang is to run.
func (s *Session) keptOfGang(read *sqlparse.Statement, sql []byte) bool {
	return s.settings.Load().Keep != nil && !s.inTransaction() && s.keptQuery(read, sql, EveryShard)
}

// untouched reports whether the batch at the front of the client's input was
// looked at and nothing of it taken.
func (t *traffic) untouched() bool {
	return t.routed && !t.byGang && t.queue.empty() && !t.unsynced && len(t.out) == 0 && t.executed == 0 && !t.skipping
}
