package session

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/shardplan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards/commit"
)

// Shards is what the sessions of one user in a sharded cluster share: the
// servers of each shard, and who plans. Immutable, but for what has its own
// locks.
type Shards struct {
	Database, User string
	List           []Shard // by index in the map; the first is the lead shard
	Planner        Planner
	Committer      Committer
	Limits         *atomic.Pointer[GatherLimits]
	// Path is the search_path that servers give this user, once one has told.
	Path *atomic.Pointer[string]
}

// Shard is one of them.
type Shard struct {
	Name    string
	Pool    *connpool.Pool // at the primary
	Servers Servers
}

// GatherLimits bound what is put together of several shards' rows.
type GatherLimits struct {
	Gather  bool // tier C is allowed unless wye.gather says off
	MaxRows int
	MaxSize int64 // bytes
	Timeout time.Duration
	// WeakSnapshots: transactions in REPEATABLE READ and above may span
	// shards, whose snapshots are not taken at one moment.
	WeakSnapshots bool
	// What the operator vouches for; see shardplan.Options.
	LocalSequences, LocalUnique, LocalTriggers bool
	// Writes across shards: by two phases, one after the other without
	// (best effort), or refused.
	Writes WriteMode
}

// WriteMode is how a transaction that wrote on several shards commits.
type WriteMode uint8

// The modes, as multi_shard_write names them.
const (
	TwoPhase WriteMode = iota
	BestEffort
	RefuseWrites
)

// Planner plans statements for a sharded cluster. Safe for concurrent use.
type Planner interface {
	// Analyze says what the text of a statement tells of the shards that it
	// concerns. read is what the Reader says of it. path is the client's
	// search_path, user what "$user" in it stands for, "" if it is not there.
	// recoded: the servers send the client's text in another encoding than theirs.
	Analyze(read *sqlparse.Statement, sql []byte, path, user string, recoded bool) Analysis
	// Route is the plan of a text that needs no analysis, since one of the
	// same Statement had one and only the sharding key's literal differs.
	Route(read *sqlparse.Statement, sql []byte, path, user string, role plan.Role) (plan.Plan, bool)
	// ArrayOf is the array type of a type, 0 if it has none.
	ArrayOf(oid uint32) uint32
	// LeadType is the lead shard's number of a type that has another number
	// on a shard, or the same where it is no enum or is not known.
	LeadType(shard int, oid uint32) uint32
	// ShardType is the number on a shard of a type of the lead shard, and that
	// of its array type; 0 where the shard has another type of that number.
	ShardType(shard int, oid uint32) (own, array uint32)
	// Locate finds the shard of a row of the table by its key, text or binary
	// values of the key's own types.
	Locate(schema, table string, key []plan.Arg) (int, *pgerror.Error)
}

// Analysis is what is known of one text. It is immutable but for its memo.
type Analysis interface {
	Plan(args []plan.Arg, o PlanOptions) plan.Plan
	// Memo is a place for what the servers say of the text.
	Memo() *atomic.Pointer[Description]
}

// PlanOptions are what the session adds to the text and its arguments.
type PlanOptions = shardplan.Options

// Description is what a server says of a statement: the bodies of its
// ParameterDescription and RowDescription.
type Description struct {
	Parameters, Columns []byte

	oids  string // of the Parse that was described: they may decide the types
	shard int    // that said so
}

// Committer commits what a session has done on several shards, all of it or
// nothing: [commit.Coordinator].
type Committer interface {
	Commit(ctx context.Context, participants []commit.Participant) commit.Outcome
}

// sharding is a session's side of a sharded cluster.
type sharding struct {
	all  *Shards
	at   int // the shard whose pool is the session's at the moment
	gang gang
	said said

	cursors cursors
	portals map[string]*gangPortal
	hold    *heldRows // takes what is answered, while a portal is run for a piece

	// running are the conns of a scattered statement: the targets of cancels.
	running atomic.Pointer[[]*connpool.Conn]
}

// Shard makes the session one of a sharded cluster. It comes before Open. One
// shard is a cluster like any other: it knows all there is to know.
func (s *Session) Shard(all *Shards) {
	if len(all.List) == 1 {
		return
	}
	s.shards = &sharding{all: all}
	s.shards.gang.members = make([]*member, len(all.List))
	s.stand(0)
}

// stand makes shard k the one whose servers the session asks. It must not
// hold a server conn.
func (s *Session) stand(k int) {
	sh := &s.shards.all.List[k]
	s.pool, s.servers, s.shards.at = sh.Pool, sh.Servers, k
}

// analyze has the planner look at a text.
func (s *Session) analyze(read *sqlparse.Statement, sql []byte) Analysis {
	n := s.saying()
	return s.shards.all.Planner.Analyze(read, sql, n.path, s.pathUser(n), s.foreign())
}

// analyzeOrder looks at an order's text, as the client reads text now.
func (s *Session) analyzeOrder(o *order) {
	o.analysis, o.recoded = s.analyze(o.read, []byte(o.sql)), s.foreign()
}

// planText is the plan of a text with its arguments. An analysis is made only
// where it must be.
func (s *Session) planText(read *sqlparse.Statement, sql []byte, args []plan.Arg) plan.Plan {
	if p, ok := s.planShape(read, sql); ok {
		return p
	}
	return s.analyze(read, sql).Plan(args, s.planOptions(read))
}

// planShape is the plan of a text of a known shape, if its literal is all that
// matters.
func (s *Session) planShape(read *sqlparse.Statement, sql []byte) (plan.Plan, bool) {
	n := s.saying()
	if n.shard != "" || n.key != "" || read.Facts() == nil || read.Facts().Hint.Shard != "" {
		return nil, false
	}
	return s.shards.all.Planner.Route(read, sql, n.path, s.pathUser(n), s.roleOf(read))
}

// askPath asks the server, once for all sessions of the user, which
// search_path it gives them: names mean nothing without it.
func (s *Session) askPath() error {
	if s.shards.all.Path.Load() != nil {
		return nil
	}
	c, err := s.equip(nil, nil)
	if err != nil {
		return err
	}
	defer c.Release()
	if _, ok := s.params.Get("search_path"); ok {
		return nil
	}
	_, err = c.Ask(protocol.AppendTextQuery(nil, "SELECT pg_catalog.current_setting('search_path')"), func(_ int, value []byte) {
		path := string(value)
		s.shards.all.Path.Store(&path)
	})
	return err
}
