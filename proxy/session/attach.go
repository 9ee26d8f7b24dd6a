package session

import (
	"errors"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// attach borrows a server conn, if the session has none, and gives it the
// client's parameters. read is the statement it is wanted for, if known;
// extended: it is the first of a batch whose messages still stand in the
// client's input. The error is for the client; the session goes on.
func (s *Session) attach(read *sqlparse.Statement, extended bool) *pgerror.Error {
	if s.shards != nil && !s.t.routed {
		return errUnrouted
	}
	if s.conn != nil {
		s.beginBatch()
		return nil
	}
	if s.tx.state == txLost || s.tx.state == txFailed {
		return s.lossError()
	}
	to, refusal := s.choose(read, extended)
	if refusal != nil {
		return refusal
	}
	return s.connect(to, read)
}

// connect borrows a conn at the replica, or at the primary if that is nil. A
// replica that cannot be reached is passed over.
func (s *Session) connect(to *Reader, read *sqlparse.Statement) *pgerror.Error {
	c, err := s.equip(to, read)
	for err != nil {
		var e *pgerror.Error
		if to == nil || s.verdict.Load() != nil || errors.As(err, &e) && e.Code == pgerror.QueryCanceled {
			return asClientError(err)
		}
		s.t.course.avoid |= 1 << to.Node
		var refusal *pgerror.Error
		if to, refusal = s.reader(s.settings.Load()); refusal != nil {
			return refusal
		}
		c, err = s.equip(to, read)
	}
	s.conn, s.replica = c, to
	s.readOn(to)
	if to != nil {
		to.Host.Begin(int64(instant(now())))
	} else {
		s.t.course.split = false
	}
	s.shown.conn.Store(c.ID)
	if s.tx.state != txBegun {
		s.xactAt = 0 // the clock is read once, when the request is sent
	}
	s.beginBatch()
	if c.Reported != s.told {
		s.tell(c.Reported)
	}
	if s.tx.state == txBegun && !s.t.course.split {
		s.sendBegin(read)
	}
	return nil
}

// maxBorrows bounds how many conns in a row may turn out to be dead before
// the client is told: after a crash of the server all of them are.
const maxBorrows = 100

// equip borrows a conn and gives it the client's parameters. A conn whose
// server has just died costs the client nothing: none of its bytes was sent.
func (s *Session) equip(to *Reader, read *sqlparse.Statement) (*connpool.Conn, error) {
	for tries := 1; ; tries++ {
		c, err := s.borrow(to, read)
		if err != nil {
			return nil, err
		}
		if err = c.Adopt(s.params); err == nil {
			return c, nil
		}
		c.Release()
		s.setState(idle, now())
		var e *pgerror.Error
		if errors.As(err, &e) && !e.IsFatal() || tries == maxBorrows {
			return nil, err
		}
	}
}

// borrow acquires a conn. currval() and lastval() are answered from what the
// server session itself did before: only the conn that the client had last
// will do, if nobody has used it since; and from then on the client keeps it.
func (s *Session) borrow(to *Reader, read *sqlparse.Statement) (*connpool.Conn, error) {
	pool := s.pool
	if to != nil {
		pool = to.Pool
	}
	sequence := to == nil && read != nil && !read.Plain() && usesSequenceValue(read)
	if sequence {
		s.pin(pinSequence)
		if s.last != nil {
			if c := s.pool.Reacquire(s.last, s.ID); c != nil {
				return c, nil
			}
			return nil, errSequence
		}
	}
	c := pool.TryAcquire(s.ID)
	var err error
	if c != nil {
		s.tally.Assigned(0)
	} else {
		c, err = s.queue(pool)
	}
	if err == nil && sequence {
		_, err = c.Ask(protocol.AppendQuery(nil, "DISCARD SEQUENCES"), nil)
		if err != nil {
			c.Release()
		}
	}
	if err != nil {
		s.setState(idle, now())
	}
	return c, err
}

// queue waits for a conn. What waits for a primary to be found is counted.
func (s *Session) queue(pool *connpool.Pool) (*connpool.Conn, error) {
	if pool == s.pool && s.servers != nil {
		release, err := s.servers.Hold(len(s.client.Input()))
		if err != nil {
			return nil, err
		}
		if release != nil {
			defer release()
		}
	}
	began := now()
	s.setState(queued, began)
	s.waitingIn.Store(pool)
	c, err := pool.Acquire(&s.waiter)
	s.waitingIn.Store(nil)
	if err == nil {
		s.tally.Assigned(now() - began)
	}
	return c, err
}

var errSequence = pgerror.New(pgerror.FeatureNotSupported, "the server connection that has the value of currval() or lastval() is in other hands").
	WithHint("this client keeps its server connection from now on; or use INSERT ... RETURNING, or one transaction, or pool mode: session")

func usesSequenceValue(read *sqlparse.Statement) bool {
	for _, p := range read.Parts {
		for _, e := range p.Effects {
			if e.Kind == sqlparse.SequenceValue {
				return true
			}
		}
	}
	return false
}

func asClientError(err error) *pgerror.Error {
	var e *pgerror.Error
	if errors.As(err, &e) && !e.IsFatal() {
		return e
	}
	return pgerror.New(pgerror.ConnectionFailure, "the connection to the server was lost")
}

// beginBatch notes the state in which the first message of a batch is sent.
func (s *Session) beginBatch() {
	t := s.t
	if t.batch == 0 {
		t.batch = s.env.Registry.nextToken()
		t.began = s.conn.Status
	}
}
