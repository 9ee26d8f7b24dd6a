package httpproxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/h1"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// errand is one request on its way to a pool, on behalf of a visit: the
// visit's own, or one that a cache makes of it, in a goroutine of its own and
// perhaps after the visit's end. It belongs to the goroutine of RoundTrip and
// only reads the visit.
type errand struct {
	*visit
	out     *http.Request
	body    *body  // nil: none
	n       int    // tries made
	avoid   uint64 // bits of servers that failed it
	began   time.Time
	retried bool // the try under way is counted in the pool's budget

	load  h1.Load // of the first try; a body of its may still be on its way during others
	room  h1.Room // for the answer to the try under way
	books loan    // of that
}

// RoundTrip implements http.RoundTripper for what Around put before the pool.
func (v *visit) RoundTrip(out *http.Request) (*http.Response, error) { return new(errand).run(v, out) }

// run sends the request to servers of the visit's pool until one answers for
// good. The answer is the errand's memory.
func (e *errand) run(v *visit, out *http.Request) (*http.Response, error) {
	e.visit, e.out, e.began = v, out, time.Now()
	if out.Body != nil && out.Body != http.NoBody {
		e.body = v.body
	}
	for {
		res, err := e.try()
		if !e.again(res, err) {
			return res, err
		}
		if res != nil {
			_ = res.Body.Close()
		}
		e.server.Count.retried()
		e.share.Pool.Count.retried()
	}
}

// again says whether the request goes to another server after this.
func (e *errand) again(res *http.Response, err error) bool {
	if e.retried {
		e.retried = false
		e.share.Pool.RetryDone()
	}
	if !e.mayGoAgain(res, err) {
		return false
	}
	// A server that is gone fails a whole share of the requests at once, and
	// has the others do no more than their own part: that is not what the
	// budget is for. It is for servers that are there and cannot keep up.
	if err != nil && !errors.Is(err, errSlowTry) {
		return true
	}
	e.retried = e.share.Pool.MayRetry()
	return e.retried
}

func (e *errand) mayGoAgain(res *http.Response, err error) bool {
	retry := &e.route.Retry
	if err == nil && !slices.Contains(retry.Statuses, res.StatusCode) {
		return false
	}
	if e.n >= retry.Tries || e.out.Context().Err() != nil || noPlace(err) || time.Since(e.began) >= e.route.Wait {
		return false
	}
	var dial dialError
	if errors.As(err, &dial) {
		return e.body.replayable() || !e.body.begun.Load()
	}
	return idempotent(e.out.Method) && e.body.replayable()
}

// noPlace says whether the pool had nobody to send to.
func noPlace(err error) bool {
	return errors.Is(err, upstream.ErrNobody) || errors.Is(err, upstream.ErrOpen) ||
		errors.Is(err, upstream.ErrQueueFull) || errors.Is(err, upstream.ErrQueueTimeout)
}

// idempotent methods may be sent twice (RFC 9110, 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return true
	}
	return false
}

// try sends the request to one server.
func (e *errand) try() (*http.Response, error) {
	pool := e.share.Pool
	l := pool.line.Load()
	up, err := pool.Take(e.out.Context(), upstream.Want{Avoid: e.avoid, Key: e.key(l.Key), Prefer: e.prefer, Zone: l.Zone})
	if err != nil {
		return nil, err
	}
	e.n++
	e.tried.Add(1)
	e.served.Store(up)
	e.avoid |= up.Bit()
	began := pool.Now()
	res, cancel, err := e.carry(l, up)
	took := time.Duration(pool.Now() - began)
	if err != nil {
		up.End(pool.Now(), took, !e.blames())
		if e.body != nil {
			e.body.vacate()
		}
		return nil, err
	}
	e.books = loan{up: up, pool: pool, took: took, cancel: cancel}
	if e.http2 && isGRPC(res.Header) {
		e.books.grpc = res
	}
	res.Body = keepBooks(res, &e.books, good(res.StatusCode))
	return res, nil
}

// carry sends the request to a server and returns its answer, and what is to
// be called after it, if anything.
func (e *errand) carry(l *line, up *upstream.Upstream) (*http.Response, context.CancelCauseFunc, error) {
	if l.direct == nil {
		return e.carryHTTP2(l, up)
	}
	load := &e.load
	if e.n > 1 {
		load = new(h1.Load)
	}
	*load = h1.Load{Request: e.out, Addr: up.Addr, Until: time.Now().Add(e.patience()), Room: &e.room}
	if e.route.around == nil {
		load.Interim = e.hear
		e.room.Header, e.placed = e.Header(), true
	} else {
		load.Interim = h1.Traced(e.out.Context()) // the visit may be over
	}
	switch b := e.body; {
	case b == nil:
	case b.memory != nil:
		load.Memory = b.memory
	default:
		load.Stream = b
	}
	res, err := l.direct.Carry(load)
	if errors.Is(err, h1.ErrLate) {
		err = errSlowTry
	}
	return res, nil, err
}

// carryHTTP2 leaves it to the standard library, which speaks HTTP/2.
func (e *errand) carryHTTP2(l *line, up *upstream.Upstream) (*http.Response, context.CancelCauseFunc, error) {
	ctx := e.out.Context()
	if e.route.around == nil {
		e.lent = true
		if e.placed { // of an earlier try, before a reload
			clear(e.Header())
			e.placed = false
		}
		ctx = e.traced()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(e.patience(), func() { cancel(errSlowTry) })
	var conn net.Conn
	if mayTunnel(e.out) {
		ctx = noting(ctx, &conn)
	}
	// A copy, since a try that failed may still be reading the last.
	req, url := e.out.WithContext(ctx), *e.out.URL
	url.Scheme, url.Host = l.scheme, up.Addr
	req.URL = &url
	e.body.rewind(req)
	res, err := l.carrier.RoundTrip(req)
	if !late.Stop() && err != nil && context.Cause(ctx) == errSlowTry {
		err = errSlowTry
	}
	if err != nil {
		cancel(nil)
		return nil, nil, err
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		freed(conn)
	}
	return res, cancel, nil
}

// patience is how long this try may take to its answer's head.
func (e *errand) patience() time.Duration {
	left := e.route.Wait - time.Since(e.began)
	if t := e.route.Retry.Time; t > 0 {
		left = min(left, t)
	}
	return max(left, 0)
}

// blames says whether the server is at fault for an error, and not the client.
func (e *errand) blames() bool {
	return e.out.Context().Err() == nil && !e.body.failed()
}

// good says whether a server that answers so does its part: HAProxy's rule for
// observe layer7. It can not know the method or version, and says so.
func good(status int) bool { return status < 500 || status == 501 || status == 505 }
