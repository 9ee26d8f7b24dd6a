package sqlparse

import "bytes"

// miss reads sql, or waits for another caller who reads the same. One flight
// by skeleton serves all whose literals do not matter; those for whom they do
// go on to a flight of their own text.
func (r *Reader) miss(sql []byte) *Statement {
	skeleton, exact := makeSkeleton(nil, sql)
	whole := exactKey(nil, sql)
	if !exact {
		f := r.fly(&flight{key: string(skeleton), skeleton: skeleton, whole: whole, sql: sql})
		if !f.literal || bytes.Equal(f.whole, whole) {
			return f.st
		}
	}
	return r.fly(&flight{key: string(whole), whole: whole, sql: sql}).st
}

// fly returns f, or another flight under f's key, with its verdict.
func (r *Reader) fly(f *flight) *flight {
	f.done = make(chan struct{})
	if f.key != "" {
		if other := r.shard([]byte(f.key)).join(f); other != f {
			<-other.done
			return other
		}
	}
	select {
	case r.jobs <- f:
		<-f.done
	case <-r.closed:
		f.verdict = verdict{Scan(f.sql), true}
		r.land(f)
	}
	return f
}

// work is one worker: it reads texts until the Reader is closed.
func (r *Reader) work() {
	defer r.workers.Done()
	u := understander{limit: r.limit}
	for {
		select {
		case f := <-r.jobs:
			r.read(f, u.understand)
		case <-r.closed:
			return
		}
	}
}

// read gives f its verdict. A bug in here costs one statement its plainness,
// not the process its life.
func (r *Reader) read(f *flight, understand func([]byte) verdict) {
	f.verdict = verdict{opaque, true}
	defer r.land(f)
	defer func() {
		if recover() != nil {
			r.faults.Add(1)
		}
	}()
	v := understand(f.sql)
	v.literal = !v.st.parsed || v.literal && (f.skeleton == nil || hasLiterals(f.skeleton))
	r.keep(f, v)
	f.verdict = v
}

// keep remembers v. Only a text that parsed says anything about its skeleton:
// in another, a malformed literal or an open comment may have been the trouble.
func (r *Reader) keep(f *flight, v verdict) {
	if f.key == "" {
		return
	}
	if f.skeleton != nil && !v.literal {
		r.shard(f.skeleton).put(f.key, v.st)
		return
	}
	if f.skeleton != nil && v.st.parsed {
		r.shard(f.skeleton).put(f.key, nil)
	}
	r.shard(f.whole).put(string(f.whole), v.st)
}

// land lets go those who wait for f.
func (r *Reader) land(f *flight) {
	if f.key != "" {
		r.shard([]byte(f.key)).land(f)
	}
	close(f.done)
}

func hasLiterals(skeleton []byte) bool {
	return bytes.ContainsFunc(skeleton, func(c rune) bool { return c >= rune(markInt) && c <= rune(markHex) })
}

// Stats counts what a Reader has done since it was made.
type Stats struct {
	Hits    uint64 // texts found in the cache
	Misses  uint64 // texts read for the first time, or again after they were dropped
	Faults  uint64 // bugs: texts at which reading panicked
	Entries int
	Bytes   int64 // roughly what the cache holds
}

// Stats sums up all shards. It takes each one's lock in turn.
func (r *Reader) Stats() Stats {
	t := Stats{Faults: r.faults.Load()}
	for _, s := range r.shards {
		s.mu.Lock()
		t.Hits += s.hits
		t.Misses += s.misses
		t.Entries += s.plans.Len()
		t.Bytes += s.bytes
		s.mu.Unlock()
	}
	return t
}
