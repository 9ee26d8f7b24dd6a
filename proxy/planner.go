package proxy

import (
	"strings"
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

type textKey struct {
	sql, path, user string
	recoded         bool
}

// maxTexts bounds what is remembered of texts, in bytes of SQL.
const maxTexts = 16 << 20

// analysis is one text's. It implements session.Analysis.
type analysis struct {
	*shardplan.Analysis
	memo atomic.Pointer[session.Description]
}

// Memo implements session.Analysis.
func (a *analysis) Memo() *atomic.Pointer[session.Description] { return &a.memo }

// Plan implements session.Analysis.
func (a *analysis) Plan(args []plan.Arg, o session.PlanOptions) plan.Plan {
	return a.Analysis.Plan(args, o)
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

// size counts what a text takes, in bytes: its analysis holds trees and texts
// made of it.
func (k textKey) size() int { return 1000 + 20*len(k.sql) + len(k.path) }

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
	a := k.analyze(sql, path, user, recoded)
	if d, ok := a.Direct(); ok {
		k.shapes.add(shapeKey{read, path, user}, d, len(sql))
	}
	return a
}

// Route implements session.Planner.
func (p *planner) Route(read *sqlparse.Statement, sql []byte, path, user string, role plan.Role) (plan.Plan, bool) {
	k := p.now.Load()
	if k == nil || p.checked.Load() != uint64(shards.All(len(p.sharded.peers))) {
		return nil, false
	}
	if d := k.shapes.get(shapeKey{read, path, user}); d != nil {
		return d.Route(sql, role)
	}
	return nil, false
}

func (k *knowing) analyze(sql []byte, path, user string, recoded bool) *analysis {
	k.mu.Lock()
	a, ok := k.texts.Get(textKey{unsafe.String(unsafe.SliceData(sql), len(sql)), path, user, recoded}) // only to look it up
	k.mu.Unlock()
	if ok {
		return a
	}
	key, planner := textKey{string(sql), path, user, recoded}, k.planner
	if recoded {
		planner = planner.Recoded()
	}
	a = &analysis{Analysis: planner.Analyze(key.sql, pathOf(key.path, key.user))}
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.texts.Get(key); ok {
		return known
	}
	k.texts.Add(key, a)
	for k.bytes += key.size(); k.bytes > maxTexts && k.texts.Len() > 1; {
		k.texts.RemoveOldest()
	}
	return a
}

// pathOf splits a search_path.
func pathOf(path, user string) []string {
	var list []string
	for part := range strings.SplitSeq(path, ",") {
		part = strings.TrimSpace(part)
		if len(part) >= 2 && part[0] == '"' && part[len(part)-1] == '"' {
			part = strings.ReplaceAll(part[1:len(part)-1], `""`, `"`)
		} else {
			part = strings.ToLower(part)
		}
		if part == "$user" {
			part = user
		}
		if part != "" {
			list = append(list, part)
		}
	}
	return list
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
