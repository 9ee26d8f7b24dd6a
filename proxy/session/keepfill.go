package session

import (
	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/router"
)

// filling is an answer that goes into the cache once it is complete.
type filling struct {
	*cache.Fill
	verdict *router.Verdict
	from    int // the shard, or EveryShard
	asOf    freshness.Instant
	most    int    // bytes
	frames  []byte // what the client was sent so far
	status  byte   // of the transaction that the question was asked in
}

// gather notes what the client is sent, as long as the answer is to be kept.
func (s *Session) gather(sent []byte) {
	f := s.t.fill
	if f == nil {
		return
	}
	if len(f.frames)+len(sent) > f.most+overhead {
		f.TooLarge()
		s.t.fill = nil
		return
	}
	if !f.room(len(sent)) {
		s.t.fill = nil
		return
	}
	f.frames = append(f.frames, sent...)
}

// room makes the recording large enough for n bytes more, as long as the cache
// has room for it. An answer that comes in one piece wastes nothing.
func (f *filling) room(n int) bool {
	need := len(f.frames) + n
	if need <= cap(f.frames) {
		return true
	}
	size := max(need, min(2*cap(f.frames), f.most+overhead))
	if !f.Grow(int64(size - cap(f.frames))) {
		return false
	}
	f.frames = append(make([]byte, 0, size), f.frames...)
	return true
}

// overhead is what an answer has beside what is kept of it: ParseComplete,
// BindComplete and ReadyForQuery.
const overhead = 5 + 5 + 6

// readOn notes where the answer comes from: that of a replica is as old as
// the replica.
func (s *Session) readOn(to *Reader) {
	if f := s.t.fill; f != nil && to != nil {
		f.asOf = min(f.asOf, s.servers.FreshAsOf(to))
	}
}

// store puts the answer into the cache, if it is one that everybody who asks
// the same would get: complete, without notices, in the transaction or outside
// of any as it was asked, and with no write since to anything that it read.
func (s *Session) store() {
	f := s.t.fill
	if f == nil {
		return
	}
	s.t.fill = nil
	answer := keptPart(f.frames)
	if answer == nil || s.idleStatus != f.status || len(answer) > f.most {
		f.Abandon()
		return
	}
	f.Commit(answer, cache.Instant(f.asOf), cache.Instant(s.validSince(f.verdict, f.from, f.asOf)))
}

// abandonFill ends a fill that came to nothing.
func (t *traffic) abandonFill() {
	if t.fill != nil {
		t.fill.Abandon()
		t.fill = nil
	}
}

// keptPart is what is kept of an answer: RowDescription if there is one, rows
// and CommandComplete. It is nil for anything but the answer to one question:
// errors, notices, changed parameters, notifications and the end of a portal
// that was not read to its end are not for others.
func keptPart(answer []byte) []byte {
	rest, from := answer, 0
	want := byte('1') // what may come next, in the order 1 2 T D C Z
	for len(rest) > 0 {
		typ, total, ok, err := protocol.Peek(rest)
		if err != nil || !ok || len(rest) < total {
			return nil
		}
		switch {
		case typ == '1' && want == '1':
			from, want = from+total, '2'
		case typ == '2' && (want == '1' || want == '2'):
			from, want = from+total, 'T'
		case typ == 'T' && want != 'D' && want != 'Z':
			want = 'D'
		case typ == 'D' && want != 'Z' && want != '2':
			want = 'D'
		case typ == 'C' && want != 'Z' && want != '2':
			want = 'Z'
		case typ == 'Z' && want == 'Z' && total == len(rest):
			return answer[from : len(answer)-total]
		default:
			return nil
		}
		rest = rest[total:]
	}
	return nil
}
