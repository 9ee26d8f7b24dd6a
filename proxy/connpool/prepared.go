package connpool

import (
	"strconv"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Prepared is a prepared statement that server conns share: all clients that
// Parse the same SQL with the same parameter types, under the same planning
// parameters, use one server statement. Immutable.
type Prepared struct {
	Name string // on servers; never reused for anything else
	SQL  string
	OIDs []byte // as in a Parse message: 2-byte count, 4 bytes each

	planning Params // that it was found with
}

// NamePrefix starts the names of the statements that wye prepares.
const NamePrefix = "wye_"

// Statements knows every Prepared of the process by its contents. It is
// bounded; a statement that falls out is still good for those who hold it.
// Safe for concurrent use.
type Statements struct {
	mu    sync.Mutex
	known *simplelru.LRU[statementKey, *Prepared]
	bytes int
	limit int
	next  uint64
}

type statementKey struct {
	sql, oids string
	planning  Params
}

// NewStatements returns a registry that keeps about limit bytes of SQL.
func NewStatements(limit int) *Statements {
	s := &Statements{limit: limit}
	s.known, _ = simplelru.NewLRU(1<<30, func(k statementKey, _ *Prepared) { s.bytes -= k.size() })
	return s
}

// size counts the SQL text and what the entry itself takes, in bytes.
func (k statementKey) size() int { return len(k.sql) + len(k.oids) + 200 }

// Find returns the statement with these contents. sql and oids may alias a
// buffer: they are copied when the statement is new.
func (s *Statements) Find(sql, oids []byte, planning Params) *Prepared {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The conversions in the look-up do not allocate only when they are
	// map keys; two short copies per Parse of a named statement are the price.
	k := statementKey{string(sql), string(oids), planning}
	if p, ok := s.known.Get(k); ok {
		return p
	}
	s.next++
	p := &Prepared{Name: NamePrefix + strconv.FormatUint(s.next, 10), SQL: k.sql, OIDs: []byte(k.oids), planning: planning}
	s.known.Add(k, p)
	s.bytes += k.size()
	for s.bytes > s.limit && s.known.Len() > 1 {
		s.known.RemoveOldest()
	}
	return p
}

// Renew forgets p, so that the next Find of the same contents gives a new
// statement: p is broken on some server.
func (s *Statements) Renew(p *Prepared) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := statementKey{p.SQL, string(p.OIDs), p.planning}
	if known, ok := s.known.Peek(k); ok && known == p {
		s.known.Remove(k)
	}
}

// RenewAll forgets every statement: what they mean may have changed.
func (s *Statements) RenewAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known.Purge()
}

// preparedSet is what one server conn has prepared, least recently used
// first out.
type preparedSet struct {
	lru *simplelru.LRU[*Prepared, preparedState]
	max int
}

type preparedState struct {
	batch uint64 // that used it last
	shape Shape  // of its result when it was parsed, 0 = not known
}

func newPreparedSet(max int) preparedSet {
	lru, _ := simplelru.NewLRU[*Prepared, preparedState](1<<30, nil)
	return preparedSet{lru, max}
}

// Has reports whether the server has p, and marks it as used by batch.
func (c *Conn) Has(p *Prepared, batch uint64) bool {
	state, ok := c.prepared.lru.Get(p)
	if ok && state.batch != batch {
		state.batch = batch
		c.prepared.lru.Add(p, state)
	}
	return ok
}

// Shape returns the shape of p's result on this server, 0 when that is not
// known.
func (c *Conn) Shape(p *Prepared) Shape {
	state, _ := c.prepared.lru.Peek(p)
	return state.shape
}

// SetShape notes the shape of p's result on this server.
func (c *Conn) SetShape(p *Prepared, shape Shape) {
	if state, ok := c.prepared.lru.Peek(p); ok && state.shape != shape {
		state.shape = shape
		c.prepared.lru.Add(p, state)
	}
}

// Remember notes that p is being prepared for batch. When the server then
// has more than the limit, it returns one to close, which it forgets; the
// caller repeats the call until it returns nil. A statement that the same
// batch uses is never closed: it may still be in flight.
func (c *Conn) Remember(p *Prepared, batch uint64) (evicted *Prepared) {
	c.Keep(p, batch)
	if c.prepared.lru.Len() <= c.prepared.max {
		return nil
	}
	oldest, used, _ := c.prepared.lru.GetOldest()
	if used.batch == batch {
		return nil
	}
	c.prepared.lru.Remove(oldest)
	return oldest
}

// Keep notes that the server has p, whatever the limit says: it was to be
// closed, and was not.
func (c *Conn) Keep(p *Prepared, batch uint64) {
	c.prepared.lru.Add(p, preparedState{batch: batch})
}

// Forget notes that the server does not have p after all.
func (c *Conn) Forget(p *Prepared) { c.prepared.lru.Remove(p) }

// ForgetAll notes that the server has lost every prepared statement.
func (c *Conn) ForgetAll() { c.prepared.lru.Purge() }

// PreparedCount returns how many statements the server has of ours.
func (c *Conn) PreparedCount() int { return c.prepared.lru.Len() }
