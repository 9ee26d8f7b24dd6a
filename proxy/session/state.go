package session

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
)

// state is what a session is doing, as SHOW CLIENTS and the time limits see
// it.
type state int32

const (
	idle     state = iota // waits for its client, holds nothing
	queued                // waits for a server conn
	active                // the server works for it
	holding               // waits for its client and holds a server conn: in a transaction, or pinned
	draining              // says good-bye
	closed
)

var stateNames = [...]string{"idle", "waiting", "active", "holding", "draining", "closed"}

func (s state) String() string { return stateNames[s] }

// moves are the legal moves. A move to the same state is one too: a session
// in a transaction goes from holding to active and back.
var moves = [...][]state{
	idle:     {queued, active, draining, closed},
	queued:   {active, idle, holding, draining, closed},
	active:   {idle, holding, queued, draining, closed},
	holding:  {active, idle, draining, closed},
	draining: {closed},
	closed:   {},
}

// shown is what other goroutines may read of a session.
type shown struct {
	doing       atomic.Int64  // state and time of the last move: see doing
	xactSince   atomic.Int64  // now() of the begin of the open transaction, 0 = none
	conn        atomic.Uint64 // id of the server conn it has
	pins        atomic.Uint32
	prepared    atomic.Int32
	inTx        atomic.Bool
	left        atomic.Int64 // now() when the client hung up, 0 = it is there
	application string       // written before the session is registered
}

// setState is the one mover.
func (s *Session) setState(to state, at time.Duration) {
	if s.state != to {
		if !legal(s.state, to) {
			panic(fmt.Sprintf("session moves from %v to %v", s.state, to))
		}
		s.state = to
	}
	s.shown.doing.Store(int64(at)<<stateBits | int64(to))
}

// stateBits is how many low bits of shown.doing hold the state; nanoseconds
// since start above them last for 36 years. One word for both, so that nobody
// ever measures the old state's age for the new one and cancels a query that
// has just begun.
const stateBits = 4

// doing returns what the session does, and since when. Any goroutine may call it.
func (s *Session) doing() (st state, since time.Duration) {
	word := s.shown.doing.Load()
	return state(word & (1<<stateBits - 1)), time.Duration(word >> stateBits)
}

func legal(from, to state) bool {
	for _, m := range moves[from] {
		if m == to {
			return true
		}
	}
	return false
}

// start is when the process began; times inside sessions are measured from
// it, which reads only the monotonic clock.
var start = time.Now()

func now() time.Duration { return time.Since(start) }

// restState is where a session goes between requests.
func (s *Session) restState() state {
	if s.conn != nil {
		return holding
	}
	return idle
}

// inTransaction reports whether the client was last told that it is in one.
func (s *Session) inTransaction() bool { return s.idleStatus != protocol.TxIdle }
