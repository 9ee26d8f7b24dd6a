package proxy

import (
	"context"
	"errors"
	"sync"
)

// errReignOver: what was begun at a primary was given up because it is none
// any more. It says nothing against the server.
var errReignOver = errors.New("the primary is another by now")

// reign is the time for which one server is the primary. What is dialled in it
// is not waited for when it is over. Sessions hear of a primary before its
// election is announced; so whoever asks first for a new one's reign begins
// it, and the announcement leaves it as it is. Safe for concurrent use.
type reign struct {
	mu     sync.Mutex
	node   int // whose it is, nobody when it has not begun
	ctx    context.Context
	end    context.CancelFunc
	closed bool
}

// nobody is no node.
const nobody = -1

func newReign() *reign {
	r := new(reign)
	r.begin(nobody)
	return r
}

// begin ends the reign and begins the next; r.mu is held, or r is new.
func (r *reign) begin(node int) {
	if r.end != nil {
		r.end()
	}
	r.node = node
	r.ctx, r.end = context.WithCancel(context.Background())
	if r.closed {
		r.end()
	}
}

// of is the context to dial node in. primary is who that is now, which node
// was a moment ago: if it is not any more, the context has ended.
func (r *reign) of(node, primary int) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.node == nobody:
		r.node = node
	case r.node != node && primary == node: // its election was not announced yet
		r.begin(node)
	case r.node != node:
		ended, end := context.WithCancel(context.Background())
		end()
		return ended
	}
	return r.ctx
}

// lost is told that node is the primary no more. The reign of another goes on.
func (r *reign) lost(node int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.node == node {
		r.begin(nobody)
	}
}

// found is told that node is the primary.
func (r *reign) found(node int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.node != node {
		r.begin(node)
	}
}

// close ends it, and all that come.
func (r *reign) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.end()
}
