package session

import (
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
