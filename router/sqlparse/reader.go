package sqlparse

import (
	"hash/maphash"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Reader turns SQL text into Statements and remembers them. It is safe for
// concurrent use. Close ends its goroutines.
//
// A text is looked up by its skeleton, the text without literals, so that a
// statement with new values is a hit; the skeleton itself is the key, not
// just a hash of it, so no two shapes are ever mixed up. Where values matter
// (SET, set_config, DO), the skeleton leads to a second look-up by the whole text.
type Reader struct {
	seed    maphash.Seed
	shards  [16]*shard
	scratch sync.Pool // of *[]byte, for keys
	limit   int

	// Texts are parsed by these workers and by nobody else: as many as can
	// run, and on their own stacks, which a parse makes grow.
	jobs    chan *flight
	closed  chan struct{}
	once    sync.Once
	workers sync.WaitGroup

	faults atomic.Uint64
}

// NewReader makes a Reader whose plan cache takes up to about maxBytes of
// memory. Below some 16 KiB it remembers nothing.
func NewReader(maxBytes int64) *Reader {
	r := &Reader{
		seed:   maphash.MakeSeed(),
		limit:  parseLimit(),
		jobs:   make(chan *flight),
		closed: make(chan struct{}),
	}
	r.scratch.New = func() any { return new([]byte) }
	for i := range r.shards {
		r.shards[i] = newShard(maxBytes / int64(len(r.shards)))
	}
	for range runtime.GOMAXPROCS(0) {
		r.workers.Add(1)
		go r.work()
	}
	return r
}

// Close ends the workers. A Read after it does not parse but only scans.
func (r *Reader) Close() {
	r.once.Do(func() { close(r.closed) })
	r.workers.Wait()
}

// Read says what sql does. It never fails, keeps no reference to sql, and
// costs no allocation when it knows the shape of the text. Text that is met
// for the first time is parsed once, however many callers send it at once.
func (r *Reader) Read(sql []byte) *Statement {
	if st := bare(sql); st != nil {
		return st
	}
	if len(sql) > r.limit {
		return r.fly(&flight{sql: sql}).st
	}
	buf := r.scratch.Get().(*[]byte)
	st := r.look(buf, sql)
	r.scratch.Put(buf)
	if st != nil {
		return st
	}
	return r.miss(sql)
}

// look searches the cache. It writes keys into buf.
func (r *Reader) look(buf *[]byte, sql []byte) *Statement {
	key, exact := makeSkeleton((*buf)[:0], sql)
	*buf = key[:0]
	if !exact {
		if e, ok := r.shard(key).get(view(key)); ok && e.st != nil {
			return e.st
		}
	}
	key = exactKey(key[:0], sql)
	*buf = key[:0]
	if e, ok := r.shard(key).get(view(key)); ok {
		return e.st
	}
	return nil
}

// exactKey is the key of a text with all its literals. No skeleton begins
// with a NUL.
func exactKey(buf, sql []byte) []byte { return append(append(buf, 0), sql...) }

// view is b as a string, for as long as b does not change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (r *Reader) shard(key []byte) *shard {
	return r.shards[maphash.Bytes(r.seed, key)%uint64(len(r.shards))]
}
