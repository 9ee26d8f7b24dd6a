//go:build linux && !386

package protocol

import (
	"iter"
	"net"
	"sync/atomic"
)

// stay saves Await the read that finds nothing. Every RawConn.Read arms the
// poller, which forgets what has come before, so it has to look first. But
// within one RawConn.Read nothing is forgotten: when a read there got less
// than it had room for, the socket was empty, and the poller keeps whatever
// comes later for the next wait. So the call is not left between two waits:
// it goes on in a coroutine, which is parked in the callback meanwhile.
// Getting there and back costs a sixth of the read.
//
// A short read says nothing of an end of the stream right behind the data.
// So a link stays only where somebody watches for hang-ups and tells it; from
// then on it looks first, as ever.
//
// The parked coroutine holds the connection's lock for reading, for which
// Close would wait: leave comes before it.
type stay struct {
	link *rawLink
	may  bool
	gone atomic.Bool // the peer has hung up

	state atomic.Int32
	waits int // so far, up to staysFrom
	next  func() (struct{}, bool)
	stop  func()

	// Of the coroutine.
	yield func(struct{}) bool
	read  func(fd uintptr) bool
	dry   bool // the last read was short, and RawConn.Read has not been left since
	ended bool
}

// States of a stay.
const (
	stayFree int32 = iota
	stayWaiting
	stayClosed
)

// staysFrom is the wait from which on a link stays: a peer that asks little
// and then idles is not worth a coroutine's memory.
const staysFrom = 16

// mayStay allows the link to stay. From now on Await is the only way to read
// from it.
func (l *rawLink) mayStay() { l.stay.may = true }

// peerLeft notes that the peer has hung up. An Await under way need not see
// it: the caller must wake it.
func (l *rawLink) peerLeft() { l.stay.gone.Store(true) }

// wait does what Await is to do by the arguments in link.in. The error in
// there comes first.
func (s *stay) wait() (err error) {
	if !s.state.CompareAndSwap(stayFree, stayWaiting) {
		return net.ErrClosed
	}
	if s.next == nil && s.may {
		if s.waits++; s.waits == staysFrom {
			s.read = s.try
			s.next, s.stop = iter.Pull(s.run)
		}
	}
	if s.next == nil {
		err = s.link.rc.Read(s.link.await)
	} else {
		s.next()
	}
	if !s.state.CompareAndSwap(stayWaiting, stayFree) {
		s.end() // leave has been called meanwhile
	}
	return err
}

// leave sees to it that no wait begins any more and that none keeps Close
// waiting.
func (s *stay) leave() {
	if s.state.Swap(stayClosed) == stayFree {
		s.end()
	}
}

func (s *stay) end() {
	if s.stop != nil {
		s.stop()
	}
}

// run is the coroutine. It pauses at the end of each wait. When it has ended,
// link.in is no longer its own.
func (s *stay) run(yield func(struct{}) bool) {
	s.yield = yield
	for {
		s.dry = false
		err := s.link.rc.Read(s.read)
		if s.ended {
			return
		}
		if s.link.in.err == nil {
			s.link.in.err = err
		}
		if s.pause(); s.ended {
			return
		}
	}
}

func (s *stay) pause() { s.ended = !s.yield(struct{}{}) }

// try is the callback of RawConn.Read: false to wait for the poller, true to
// leave.
func (s *stay) try(fd uintptr) bool {
	l := s.link
	for !s.ended {
		if !l.in.asked {
			if !l.sendPending(fd) {
				return true
			}
			if s.dry && !s.gone.Load() {
				return false
			}
		}
		short, done := l.readPending(fd)
		if !done {
			return false
		}
		if s.dry = short && !s.gone.Load(); !s.dry {
			return true
		}
		s.pause()
	}
	return true
}
