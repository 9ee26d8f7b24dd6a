package proxy

import (
	"sync"

	"github.com/wyeproxy/wye/router/shardplan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// shapes are what was found out about texts of one shape, by what all of them
// share: their Statement. So a text with new literals is routed, or planned
// for several shards, without a parse.
type shapes struct {
	mu    sync.RWMutex
	known map[shapeKey]shape
}

type shapeKey struct {
	read       *sqlparse.Statement
	path, user string
}

// shape is one of them. The zero shape is that of a text that came once.
type shape struct {
	direct   *shardplan.Program // one literal sends it to a shard
	template *template
	none     bool // there is no template
}

// template plans for several shards. It has the place for what the servers
// say of a text, where they say the same of all.
type template struct {
	*shardplan.Template
	memo memo
}

// maxShapes bounds the shapes, and maxShapeText the texts that may have one:
// each keeps a Statement, even if the reader has dropped it.
const (
	maxShapes    = 4096
	maxShapeText = 8 << 10
)

// get is what is known of a shape.
func (s *shapes) get(key shapeKey) (one shape, known bool) {
	s.mu.RLock()
	one, known = s.known[key]
	s.mu.RUnlock()
	return one, known
}

// add remembers a shape. The Statement of what was not parsed may stand for
// texts of any shape.
func (s *shapes) add(key shapeKey, one shape, size int) {
	if key.read == nil || !key.read.Parsed() || size > maxShapeText {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= maxShapes {
		s.known = map[shapeKey]shape{} // what is in use comes back at once
	}
	s.known[key] = one
}
