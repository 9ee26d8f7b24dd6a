package proxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/walchanges"
)

// stream is one replication connection that tells of writes.
type stream struct {
	elsewhere *elsewhere
	conn      *protocol.ServerConn
	now       walchanges.Transaction // that is being told of; of hear's goroutine
	heard     atomic.Uint64          // the position before which all was heard
	news      chan struct{}          // there is something in unseen

	mu      sync.Mutex
	samples []sample                 // positions not heard of yet, in order
	unseen  []walchanges.Transaction // committed, and perhaps not to be seen by others yet

	// Of keepUp's goroutine:
	definitions string
	looked      time.Time     // when they were looked at last
	took        time.Duration // that
	defines     bool          // a transaction since then wrote no table: it may be nothing but a definition
	mayDefine   bool          // one wrote tables: it may have changed definitions too
}

// sample says that all that was committed before at stands before position.
type sample struct {
	at       freshness.Instant
	position freshness.LSN
}

// maxSamples bounds the list: with one every elsewhereEvery it is a minute,
// after which the stream is given up.
const maxSamples = 600

// maxUnseen bounds the list, which is long only where synchronous replication
// hangs.
const maxUnseen = 100_000

// begin starts the stream.
func (s *stream) begin(ctx context.Context, sql string) error {
	stop := context.AfterFunc(ctx, func() { s.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := s.conn.Send(protocol.AppendQuery(nil, sql)); err != nil {
		return err
	}
	return s.read(func(typ byte, body []byte) (done bool, err error) {
		switch typ {
		case 'W':
			return true, nil
		case 'E':
			return true, pgerror.Parse(body)
		}
		return false, nil
	})
}

// read calls f with each message until it says that it is done. Only the
// front of long messages is given to it: what they say of rows is nobody's
// business here.
func (s *stream) read(f func(typ byte, body []byte) (done bool, err error)) error {
	buf := protocol.NewAnswerBuffer()
	defer buf.Release()
	skip := 0
	for {
		b := buf.Unread()
		if skip > 0 {
			n := min(skip, len(b))
			buf.Consume(n)
			if skip -= n; skip == 0 {
				continue
			}
		} else if typ, total, ok, err := protocol.Peek(b); err != nil {
			return err
		} else if ok && (len(b) >= total || len(b) == len(buf.B)) {
			front := min(total, len(b))
			done, err := f(typ, b[protocol.HeaderLen:front])
			buf.Consume(front)
			skip = total - front
			if done || err != nil {
				return err
			}
			continue
		}
		if err := s.conn.Recv(buf); err != nil {
			return err
		}
	}
}

// hear takes in what the server tells, until the connection ends.
func (s *stream) hear() error {
	return s.read(func(typ byte, body []byte) (done bool, err error) {
		switch typ {
		case 'd':
			m, ok := walchanges.Parse(body)
			if !ok {
				return true, errors.New("an unknown message in a replication stream")
			}
			if m.Line == nil {
				s.reached(m.End)
			} else if s.now.Take(m.Line) {
				if err := s.committed(); err != nil {
					return true, err
				}
				s.reached(m.End)
			}
			return false, nil
		case 'E':
			return true, pgerror.Parse(body)
		case 'c':
			return true, errors.New("the server has ended the replication stream")
		}
		return false, nil // notices, parameters
	})
}

// committed moves the clock by a transaction that was told to its end, and has
// it moved again when everybody can see it.
func (s *stream) committed() error {
	x := s.now
	if !x.HasXID {
		return errors.New("a commit without a number in a replication stream")
	}
	s.note(&x)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unseen) >= maxUnseen {
		return fmt.Errorf("%d transactions are committed and cannot be seen", maxUnseen)
	}
	s.unseen = append(s.unseen, x)
	select {
	case s.news <- struct{}{}:
	default:
	}
	return nil
}

// reached notes that all before the position was heard.
func (s *stream) reached(position uint64) {
	if position <= s.heard.Load() {
		return
	}
	s.heard.Store(position)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.samples) && s.samples[n].position <= freshness.LSN(position) {
		n++
	}
	if n > 0 {
		s.elsewhere.asOf.Store(int64(s.samples[n-1].at))
		s.samples = slices.Delete(s.samples, 0, n)
	}
}

// sampleSQL asks how far the primary has written, and whom commits wait for.
const sampleSQL = `SELECT pg_catalog.pg_current_wal_insert_lsn() || ' ' || pg_catalog.current_setting('synchronous_standby_names')`

// streamName is the application_name of a stream.
const streamName = "wye cache"

// errStandby: what we confirm would be taken for the word of a standby that
// has the commit on its disk.
var errStandby = errors.New("synchronous_standby_names takes wye for a standby that keeps commits: name the standbys there instead of '*'")

// sample notes how far the primary has written by now.
func (s *stream) sample(ctx context.Context, ask *protocol.ServerConn) error {
	at := freshness.Now()
	text, err := s.ask(ctx, ask, sampleSQL)
	if err != nil {
		return err
	}
	text, standbys, _ := strings.Cut(text, " ")
	if standbys = strings.ToLower(standbys); strings.Contains(standbys, "*") || strings.Contains(standbys, streamName) {
		return errStandby
	}
	position, err := freshness.ParseLSN(text)
	if err != nil {
		return err
	}
	position = freshness.RecordEnd(position, walPage)
	s.mu.Lock()
	if len(s.samples) >= maxSamples {
		s.mu.Unlock()
		return fmt.Errorf("the replication stream is more than %v behind", maxSamples*elsewhereEvery)
	}
	s.samples = append(s.samples, sample{at, position})
	s.mu.Unlock()
	if uint64(position) <= s.heard.Load() {
		s.heardAll(at)
	}
	return nil
}

// heardAll: nothing was written since the position that was heard last.
func (s *stream) heardAll(at freshness.Instant) {
	s.mu.Lock()
	s.samples = s.samples[:0]
	s.mu.Unlock()
	s.elsewhere.asOf.Store(int64(at))
}

func (s *stream) ask(ctx context.Context, conn *protocol.ServerConn, sql string) (string, error) {
	return s.askWithin(ctx, conn, elsewhereAsk, sql)
}

func (s *stream) askWithin(ctx context.Context, conn *protocol.ServerConn, most time.Duration, sql string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, most)
	defer stop()
	rows, err := askRows(ctx, conn, sql)
	if err != nil {
		return "", err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return "", fmt.Errorf("%d rows for %s", len(rows), sql)
	}
	return rows[0][0], nil
}
