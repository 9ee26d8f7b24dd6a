package session

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Registry knows all sessions of the process: by id for the console, by
// process id and secret for cancel requests. Safe for concurrent use.
type Registry struct {
	mu    sync.Mutex
	byID  map[uint64]*Session
	byPID map[uint32][]*Session

	ids    atomic.Uint64
	pids   atomic.Uint32
	tokens atomic.Uint64
	work   sync.WaitGroup // cancels sent for time limits, and the like
	panics atomic.Int64

	closing *pgerror.Error  // what sessions are told that come too late
	ctx     context.Context // of that work
	stop    context.CancelFunc
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	ctx, stop := context.WithCancel(context.Background())
	return &Registry{byID: map[uint64]*Session{}, byPID: map[uint32][]*Session{}, ctx: ctx, stop: stop}
}

// NextID numbers sessions and server conns: one series for both, so that a
// number in the console names one thing.
func (r *Registry) NextID() uint64 { return r.ids.Add(1) }

// NextPID returns a process id for a client. Bit 31 stays clear: drivers read
// a signed number.
func (r *Registry) NextPID() uint32 { return r.pids.Add(1) & 0x7fffffff }

// nextToken returns a number that was never returned before, not 0.
func (r *Registry) nextToken() uint64 { return r.tokens.Add(1) }

func (r *Registry) nextTokenText() string { return strconv.FormatUint(r.nextToken(), 10) }

// NewKey returns a secret of n bytes for cancel requests.
func NewKey(n int) []byte {
	key := make([]byte, n)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return key
}

func (r *Registry) add(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID[s.ID] = s
	r.byPID[s.PID] = append(r.byPID[s.PID], s)
	if r.closing != nil {
		s.End(r.closing, false)
	}
}

// End ends every session, and those that are yet to come: at once, or when
// their transactions are over.
func (r *Registry) End(err *pgerror.Error, atOnce bool) {
	r.mu.Lock()
	r.closing = err
	r.mu.Unlock()
	for _, s := range r.All() {
		s.End(err, atOnce)
	}
}

func (r *Registry) remove(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, s.ID)
	list := r.byPID[s.PID]
	for i, other := range list {
		if other == s {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(r.byPID, s.PID)
	} else {
		r.byPID[s.PID] = list
	}
}

// Cancel cancels what the session does that a cancel request names, if there
// is one, and returns when the signal has been sent.
func (r *Registry) Cancel(pid uint32, key []byte) (found bool) {
	s := r.Find(pid, key)
	if s != nil {
		s.Cancel(r.ctx)
	}
	return s != nil
}

// Find returns the session that a cancel request names, or nil.
func (r *Registry) Find(pid uint32, key []byte) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.byPID[pid] {
		if subtle.ConstantTimeCompare(s.Key, key) == 1 {
			return s
		}
	}
	return nil
}

// ByID returns a session, or nil.
func (r *Registry) ByID(id uint64) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

// All returns every session.
func (r *Registry) All() []*Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*Session, 0, len(r.byID))
	for _, s := range r.byID {
		list = append(list, s)
	}
	return list
}

// Len returns how many sessions there are.
func (r *Registry) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byID)
}

// Panics returns how many sessions a bug has ended.
func (r *Registry) Panics() int64 { return r.panics.Load() }

// Sever closes the connections of every session that is left, and gives up
// all cancels under way: the process ends.
func (r *Registry) Sever() {
	r.stop()
	for _, s := range r.All() {
		s.Sever()
	}
}

// Wait returns when the cancels sent for time limits have ended.
func (r *Registry) Wait() { r.work.Wait() }
