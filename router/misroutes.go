package router

import (
	"slices"
	"strings"
	"sync"

	"github.com/wyeproxy/wye/router/sqlparse"
)

// Misroute is a shape of statements that was judged a read and that a replica
// refused. It is a defect of ours, or of a function's label.
type Misroute struct {
	Text  string // without literals
	Code  string // SQLSTATE that the replica answered last
	Why   string // why it had been judged a read
	Count int
}

// maxMisroutes bounds the list. A program that makes ever new shapes of the
// same mistake pushes its own oldest ones out.
const maxMisroutes = 256

// misroutes is the list, oldest first.
type misroutes struct {
	mu   sync.Mutex
	list []Misroute
}

// Misrouted tells that a replica refused st with the SQLSTATE code. From now
// on Verdict says primary for all statements of this shape.
func (r *Router) Misrouted(st *sqlparse.Statement, code string) {
	if st.Shape() == "" {
		return // nothing that has no shape is ever judged a read
	}
	why := r.Verdict(st).Why
	r.misroutes.mu.Lock()
	fresh := r.misroutes.add(Misroute{Text: st.Shape(), Code: code, Why: why, Count: 1})
	r.misroutes.mu.Unlock()
	if fresh {
		r.forget()
	}
}

// add reports whether the shape is new to the list.
func (m *misroutes) add(one Misroute) bool {
	for i := range m.list {
		if m.list[i].Text == one.Text {
			m.list[i].Count++
			m.list[i].Code = one.Code
			return false
		}
	}
	if len(m.list) == maxMisroutes {
		m.list = m.list[1:]
	}
	one.Text = strings.Clone(one.Text)
	m.list = append(slices.Clip(m.list), one)
	return true
}

// Misroutes is a copy of the list, oldest first.
func (r *Router) Misroutes() []Misroute {
	r.misroutes.mu.Lock()
	defer r.misroutes.mu.Unlock()
	return slices.Clone(r.misroutes.list)
}

// codes are the shapes in the list.
func (m *misroutes) codes() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	codes := make(map[string]string, len(m.list))
	for _, one := range m.list {
		codes[one.Text] = one.Code
	}
	return codes
}

// forget makes all memos stale, and keeps what is known of the catalog.
func (r *Router) forget() {
	r.use.Lock()
	defer r.use.Unlock()
	k := *r.known.Load()
	k.misrouted = r.misroutes.codes()
	r.known.Store(&k)
}
