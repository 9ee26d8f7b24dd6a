package h1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"slices"
	"sync"
	"time"
)

// Carrier keeps conns to servers and sends requests over them. Its fields are
// to be set before its use, and not changed then. Safe for concurrent use; to
// be closed by its owner with CloseIdleConnections.
type Carrier struct {
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error) // TLS included, where there is any
	Stall   time.Duration                                                     // without a byte in or out while a request is on the conn; 0 is no bound
	Idle    time.Duration                                                     // that an unused conn is kept
	MaxIdle int                                                               // unused conns kept per server
	MaxHead int                                                               // bytes of an answer's head, or of its trailer

	mu     sync.Mutex
	idle   map[string][]*conn // by address, the last one used at the end
	closed bool               // keeps no more
	broom  *time.Timer        // sweeps idle; nil: nothing to sweep
}

// Load is a request for one server. The request is only read, but for its
// body and trailer.
type Load struct {
	*http.Request
	Addr string
	// Of the body, Memory is all of it, to be left alone until the answer's
	// body is closed; else Stream is read, by one goroutine, until its end, an
	// error, or the end of the conn. nil both is no body.
	Memory []byte
	Stream io.Reader
	Until  time.Time // when the answer's final head has to be there; zero is no bound
	// Interim is told of heads before the final one (1xx), from Carry; nil: nobody.
	Interim func(status int, h http.Header) error
	Room    *Room // for the answer; nil: it is made
}

// heads are room to write requests' heads in; longer ones are not kept.
var heads = sync.Pool{New: func() any { return new([]byte) }}

const keptHead = 4<<10 + smallBody

// ErrLate is of an answer whose head was not there in time.
var ErrLate = errors.New("the answer's head did not come in time")

// errStale is of a kept conn that had ended before anything was sent on it.
var errStale = errors.New("the conn had ended")

// RoundTrip implements http.RoundTripper for a request whose URL has the
// server's address. The body is not closed.
func (c *Carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	l := Load{Request: r, Addr: r.URL.Host, Interim: Traced(r.Context())}
	if r.Body != nil && r.Body != http.NoBody {
		l.Stream = r.Body
	}
	return c.Carry(&l)
}

// Traced is the Interim of a request that httptrace looks after, or nil.
func Traced(ctx context.Context) func(int, http.Header) error {
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil || trace.Got1xxResponse == nil {
		return nil
	}
	return func(status int, h http.Header) error { return trace.Got1xxResponse(status, textproto.MIMEHeader(h)) }
}

// Carry sends the request and returns the answer; its body is to be closed by
// the caller, and when the request's context ends, so does the conn. Errors
// are Dial's, ErrLate, the context's own, *Malformed for what is no answer,
// or the conn's.
func (c *Carrier) Carry(l *Load) (*http.Response, error) {
	room := heads.Get().(*[]byte)
	defer heads.Put(room)
	out, err := l.appendHead((*room)[:0])
	if err != nil {
		return nil, err
	}
	if cap(out) <= keptHead {
		*room = out
	}
	for {
		co, err := c.conn(l)
		if err != nil {
			return nil, l.late(err)
		}
		e := exchange{conn: co, load: l}
		res, err := e.do(out)
		if err == nil {
			return res, nil
		}
		_ = co.Close()
		if ctx := l.Context(); ctx.Err() != nil {
			// A body that breaks off ends the context before its reader hears of
			// it, and the caller wants to know which it was.
			e.feed.endsWithin(clientWait)
			return nil, ctx.Err()
		}
		if !co.used || !e.mayGoAgain(err) {
			return nil, l.late(err)
		}
	}
}

// conn is a kept conn to the server, or a new one.
func (c *Carrier) conn(l *Load) (*conn, error) {
	if co := c.take(l.Addr); co != nil {
		return co, nil
	}
	ctx := l.Context()
	if !l.Until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, l.Until)
		defer cancel()
	}
	nc, err := c.Dial(ctx, "tcp", l.Addr)
	if err != nil {
		return nil, err
	}
	return newConn(c, l.Addr, nc), nil
}

// late is the error, or ErrLate if that is what it comes from.
func (l *Load) late(err error) error {
	passed := !l.Until.IsZero() && !time.Now().Before(l.Until)
	timed := errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
	if passed && timed {
		return ErrLate
	}
	return err
}

// mayGoAgain says whether http.Transport (Go 1.26, shouldRetryRequest) would
// send a request again that a kept conn failed with err: where nothing was
// sent, or, for what is safe to repeat, where nothing came back. Bodies are
// not sent again; of those in memory nothing may have been sent.
func (e *exchange) mayGoAgain(err error) bool {
	switch {
	case errors.Is(err, errStale):
		return true // what would feed the body has not begun
	case e.load.Stream != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return false
	case !e.conn.wrote:
		return true
	}
	return e.load.Memory == nil && e.silent && repeatable(e.load.Request)
}

func repeatable(r *http.Request) bool {
	return slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE"}, r.Method) ||
		r.Header["Idempotency-Key"] != nil || r.Header["X-Idempotency-Key"] != nil
}
