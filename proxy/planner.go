package proxy

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/shardplan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

// planner plans for the sessions of one sharded cluster. It implements
// session.Planner: a snapshot of the catalog, the map, and what was found
// out by both about texts so far. All of it is replaced when the catalog is.
type planner struct {
	sharded *sharded
	checked atomic.Uint64 // the shards that hash as we do, as a shards.Set
	now     atomic.Pointer[knowing]
	changed atomic.Pointer[chan struct{}] // closed when now is replaced
}

// knowing is what holds for one snapshot and one map.
type knowing struct {
	planner  *shardplan.Planner
	snapshot *catalog.Snapshot
	places   *shards.Map

	mu    sync.Mutex
	texts *simplelru.LRU[textKey, *analysis]
	bytes int

	shapes shapes
}

func newPlanner(sh *sharded) *planner {
	p := &planner{sharded: sh}
	ch := make(chan struct{})
	p.changed.Store(&ch)
	return p
}

// use begins to plan by a snapshot of the lead shard's catalog.
func (p *planner) use(s *catalog.Snapshot) {
	places := p.sharded.places.Load()
	k := &knowing{snapshot: s, places: places, planner: shardplan.New(s, places)}
	k.texts, _ = simplelru.NewLRU(1<<30, func(key textKey, _ *analysis) { k.bytes -= key.size() })
	p.replace(k)
}

// forget is told that the catalog has changed: nothing is planned until it
// was read again.
func (p *planner) forget() { p.replace(nil) }

func (p *planner) replace(k *knowing) {
	p.now.Store(k)
	ch := make(chan struct{})
	close(*p.changed.Swap(&ch))
}

// readyTimeout is how long a statement waits for the catalog to be read, or
// for the shards to be checked.
const readyTimeout = 5 * time.Second

// ready waits for what it takes to plan.
func (p *planner) ready() *knowing {
	k := p.now.Load()
	all := uint64(shards.All(len(p.sharded.peers)))
	if k != nil && p.checked.Load() == all {
		return k
	}
	deadline := time.NewTimer(readyTimeout)
	defer deadline.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		ch := *p.changed.Load()
		if k := p.now.Load(); k != nil && p.checked.Load() == all {
			return k
		}
		select {
		case <-ch:
		case <-poll.C:
		case <-p.sharded.peers[0].life.Done():
			return nil
		case <-deadline.C:
			return nil
		}
	}
}

// Analyze implements session.Planner.
func (p *planner) Analyze(read *sqlparse.Statement, sql []byte, path, user string, recoded bool) session.Analysis {
	k := p.ready()
	if k == nil {
		return notReady{}
	}
	key := textKey{unsafe.String(unsafe.SliceData(sql), len(sql)), path, user, recoded} // only to look it up
	a := k.known(key)
	known := a != nil
	if !known {
		key.sql = string(sql)
		a = k.analyze(read, key)
	}
	if d, ok := a.Direct(); ok {
		k.shapes.add(shapeKey{read, path, user}, shape{direct: d}, len(sql))
	}
	if known {
		return a
	}
	return k.keep(key, a)
}

// Route implements session.Planner.
func (p *planner) Route(read *sqlparse.Statement, sql []byte, path, user string, role plan.Role) (plan.Plan, bool) {
	k := p.now.Load()
	if k == nil || p.checked.Load() != uint64(shards.All(len(p.sharded.peers))) {
		return nil, false
	}
	if one, _ := k.shapes.get(shapeKey{read, path, user}); one.direct != nil {
		return one.direct.Route(sql, role)
	}
	return nil, false
}

// ArrayOf implements session.Planner.
func (p *planner) ArrayOf(oid uint32) uint32 {
	if k := p.ready(); k != nil { // the catalog may be being read anew since the statement was planned
		if t := k.snapshot.TypeOID(oid); t != nil {
			return t.Array
		}
	}
	return 0
}

// LeadType implements session.Planner. An enum's values travel as labels, so
// that only its number differs.
func (p *planner) LeadType(shard int, oid uint32) uint32 {
	k, there := p.now.Load(), p.sharded.snapshots[shard].Load()
	if k == nil || there == nil || shard == 0 {
		return oid
	}
	t := there.TypeOID(oid)
	if t == nil || t.Kind != 'e' {
		return oid
	}
	if lead := k.snapshot.TypeNamed(t.Name); lead != nil && lead.Kind == 'e' {
		return lead.OID
	}
	return oid
}

// ShardType implements session.Planner.
func (p *planner) ShardType(shard int, oid uint32) (own, array uint32) {
	k, there := p.now.Load(), p.sharded.snapshots[shard].Load()
	if k == nil || there == nil {
		return oid, p.ArrayOf(oid)
	}
	lead, here := k.snapshot.TypeOID(oid), there.TypeOID(oid)
	switch {
	case lead == nil && here == nil: // an array, say, of which the catalogs say nothing
		return oid, 0
	case lead == nil:
		return 0, 0
	case lead.Kind == 'e':
		here = there.TypeNamed(lead.Name)
	}
	if here == nil || here.Name != lead.Name || here.Kind != lead.Kind {
		return 0, 0
	}
	return here.OID, here.Array
}

// Locate implements session.Planner.
func (p *planner) Locate(schema, table string, key []plan.Arg) (int, *pgerror.Error) {
	k := p.now.Load()
	if k == nil {
		return 0, errShardsNotReady
	}
	return k.planner.Locate(schema, table, key)
}

// notReady is the analysis of everything while the shards are not known.
type notReady struct{}

func (notReady) Plan([]plan.Arg, session.PlanOptions) plan.Plan {
	return &plan.Reject{Err: errShardsNotReady}
}

var errShardsNotReady = pgerror.New(pgerror.CannotConnectNow, "the shards are not ready: their catalog was not read yet, or they were not checked").
	WithHint("wye's log says what is missing; SHOW HOSTS has the servers.")

func (notReady) Memo() *atomic.Pointer[session.Description] {
	return new(atomic.Pointer[session.Description])
}
