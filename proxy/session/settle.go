package session

import (
	"errors"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
)

// follow has take read what the members answer, while a cancel of the client
// reaches them, and ends their streams. err is what went wrong when they were
// asked: then nothing is read. wanted is that of settleStreams, should all go
// well.
func (s *Session) follow(list []*member, err error, wanted bool, take func() error) error {
	s.cancelable(conns(list))
	if err == nil {
		err = take()
	}
	s.cancelable(nil)
	if settled := s.settleStreams(list, err == nil && wanted); err == nil {
		err = settled
	}
	return err
}

// begins waits for a member's answer to begin. What the server refuses is for
// the client.
func (s *Session) begins(m *member) error {
	goes, err := m.stream.Described()
	switch {
	case err != nil:
		return errClient{s.memberError(m, err)}
	case !goes:
		return errClient{m.stream.Refusal}
	}
	return nil
}

// settleStreams ends all streams of the members; the first trouble is
// returned. wanted: their rest is of use, or they must not be cancelled, as
// that would fail their transaction.
func (s *Session) settleStreams(list []*member, wanted bool) error {
	var few [8]*quiet
	quiets := few[:0]
	for _, m := range list {
		var q *quiet
		if m.stream != nil && !wanted && !m.stream.Ended() {
			q = s.quieten(m.conn)
		}
		quiets = append(quiets, q)
	}
	var first error
	for i, m := range list {
		if err := s.endStream(m, quiets[i]); err != nil && first == nil {
			first = errClient{s.memberError(m, err)}
		}
	}
	return first
}

// closeStream ends a member's stream, and waits for all of its answer.
func (s *Session) closeStream(m *member) error { return s.endStream(m, nil) }

func (s *Session) endStream(m *member, q *quiet) error {
	st := m.stream
	if st == nil {
		return nil
	}
	m.stream = nil
	defer st.Close()
	err := st.Finish()
	if sent := q.end(); err == nil && sent {
		err = absorb(m.conn)
	}
	if err != nil {
		m.conn.Doom()
		return err
	}
	m.conn.Status = st.Status
	return nil
}

// quietAfter is how long a server may go on with an answer that nobody wants
// any more. Most are about to end, and a cancel takes longer: it needs a
// connection of its own, for which the server starts a process.
const quietAfter = 10 * time.Millisecond

// quiet is a cancel that may become necessary.
type quiet struct {
	conn  *connpool.Conn
	timer *time.Timer
	done  chan struct{}
}

// quieten cancels what the conn is doing, unless it ends soon. end must
// follow.
func (s *Session) quieten(c *connpool.Conn) *quiet {
	q := &quiet{conn: c, done: make(chan struct{})}
	c.BeginCancel()
	q.timer = time.AfterFunc(quietAfter, func() {
		defer close(q.done)
		if c.Cancel(s.env.Registry.ctx) != nil {
			_ = c.NetConn().Close() // whoever waits for the answer need not
		}
	})
	return q
}

// end returns when no cancel is under way any more, and reports whether one
// was.
func (q *quiet) end() (sent bool) {
	if q == nil {
		return false
	}
	defer q.conn.EndCancel()
	if q.timer.Stop() {
		return false
	}
	<-q.done
	return true
}

// absorb has the server notice a cancel that came too late for what it was
// meant for: a Sync takes it.
func absorb(c *connpool.Conn) error {
	_, err := c.Ask(protocol.AppendFrame(nil, 'S'), nil)
	var e *pgerror.Error
	if errors.As(err, &e) && e.Code == pgerror.QueryCanceled {
		return nil
	}
	return err
}
