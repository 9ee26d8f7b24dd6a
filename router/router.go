package router

import (
	"sync"
	"sync/atomic"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Read parses SQL: [sqlparse.Reader.Read]. The router needs it for what the
// catalog holds as text, such as the definitions of views.
type Read func(sql []byte) *sqlparse.Statement

// Router judges statements for one database. Safe for concurrent use.
type Router struct {
	read      Read
	known     atomic.Pointer[knowledge]
	use       sync.Mutex // held while known is replaced
	misroutes misroutes
}

// knowledge is a snapshot with what was found out about its objects so far.
// It is replaced whole when the snapshot is, or when a shape proves misrouted:
// every memo that was made by another one is stale.
type knowledge struct {
	router   *Router
	read     Read
	snapshot *catalog.Snapshot
	found    *sync.Map // of *catalog.Relation or *catalog.Function: finding
	implied  string    // why nothing can be proved at all; "" for no reason
	// misrouted are the shapes that a replica refused, each with the code.
	misrouted map[string]string
}

// New makes a Router that has no snapshot yet: it knows what PostgreSQL's own
// functions do, but not whether the database has others of the same name, and
// so proves hardly anything. With a nil read, views and policies prove nothing.
func New(read Read) *Router {
	r := &Router{read: read}
	r.Use(nil)
	return r
}

// Use replaces the snapshot; nil forgets the one before.
func (r *Router) Use(s *catalog.Snapshot) {
	k := &knowledge{router: r, read: r.read, snapshot: s, found: &sync.Map{}}
	for _, ref := range s.Implied() {
		if why := k.judge().ref(ref); why != "" {
			k.implied = why + ", and a cast or operator class may call it unseen"
			break
		}
	}
	r.use.Lock()
	defer r.use.Unlock()
	k.misrouted = r.misroutes.codes()
	r.known.Store(k)
}

// memo is what stands in a Statement: a verdict for each router that has seen it.
type memo struct {
	by      *knowledge
	verdict *Verdict
	next    *memo
}

// maxMemos bounds the list in a Statement. Clusters share a Reader, and so
// Statements.
const maxMemos = 64

// Verdict judges st. It remembers the answer in st, until the snapshot
// changes; nobody may write to it.
func (r *Router) Verdict(st *sqlparse.Statement) *Verdict {
	k := r.known.Load()
	first, _ := st.Memo().(*memo)
	for m := first; m != nil; m = m.next {
		if m.by == k {
			return m.verdict
		}
	}
	v := k.verdict(st)
	st.SetMemo(&memo{by: k, verdict: v, next: first.without(r, maxMemos-1)})
	return v
}

// without copies the memos of other routers, n at most.
func (m *memo) without(r *Router, n int) *memo {
	for ; m != nil && n > 0; m = m.next {
		if m.by.router != r {
			return &memo{by: m.by, verdict: m.verdict, next: m.next.without(r, n-1)}
		}
	}
	return nil
}
