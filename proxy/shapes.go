package proxy

import (
	"sync"

	"github.com/wyeproxy/wye/router/shardplan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// shapes are the programs of texts that one literal sends to a shard, by what
// all texts of the shape share: their Statement. So a text with a new literal
// is routed without a parse.
type shapes struct {
	mu    sync.RWMutex
	known map[shapeKey]*shardplan.Program
}

type shapeKey struct {
	read       *sqlparse.Statement
	path, user string
}

// maxShapes bounds the programs, and maxShapeText the texts that may have
// one: each keeps a Statement, even if the reader has dropped it.
const (
	maxShapes    = 4096
	maxShapeText = 8 << 10
)

// get is the program of a shape, or nil.
func (s *shapes) get(key shapeKey) *shardplan.Program {
	s.mu.RLock()
	d := s.known[key]
	s.mu.RUnlock()
	return d
}

// add remembers a program. The Statement of what was not parsed may stand for
// texts of any shape.
func (s *shapes) add(key shapeKey, d *shardplan.Program, size int) {
	if key.read == nil || !key.read.Parsed() || size > maxShapeText {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= maxShapes {
		s.known = map[shapeKey]*shardplan.Program{} // what is in use comes back at once
	}
	s.known[key] = d
}
