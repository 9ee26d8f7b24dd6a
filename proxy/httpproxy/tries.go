package httpproxy

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// errand is one request on its way to a pool: a visit's, or one that what
// Around put before the pool has made of it. It belongs to the goroutine that
// forwards it, and only reads the visit.
type errand struct {
	*visit
	w     *answer
	r     *http.Request
	body  *body  // nil: none
	n     int    // tries made
	avoid uint64 // bits of servers that failed it
	began time.Time
}

// RoundTrip implements http.RoundTripper: it sends the request to servers of
// the pool until one answers for good.
func (e *errand) RoundTrip(out *http.Request) (*http.Response, error) {
	for {
		res, err := e.try(out)
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
	retry := &e.route.Retry
	if e.n >= retry.Tries || e.r.Context().Err() != nil || errors.Is(err, errNobody) || time.Since(e.began) >= e.route.Wait {
		return false
	}
	var dial dialError
	switch {
	case errors.As(err, &dial):
		return e.body.replayable() || !e.body.begun.Load()
	case err == nil && !slices.Contains(retry.Statuses, res.StatusCode):
		return false
	}
	return idempotent(e.r.Method) && e.body.replayable()
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
func (e *errand) try(out *http.Request) (*http.Response, error) {
	pool := e.share.Pool
	up := e.pick()
	if up == nil {
		return nil, errNobody
	}
	e.n++
	e.served.Store(up)
	e.avoid |= 1 << up.Index()
	l := pool.line.Load()
	ctx, cancel := context.WithCancelCause(out.Context())
	late := time.AfterFunc(e.patience(), func() { cancel(errSlowTry) })

	// A copy, since a try that failed may still be reading the last.
	req, url := out.WithContext(ctx), *out.URL
	url.Scheme, url.Host = l.scheme, up.Addr
	req.URL = &url
	e.body.rewind(req)

	began := pool.Now()
	up.Begin(began)
	res, err := l.carrier.RoundTrip(req)
	took := time.Duration(pool.Now() - began)
	if !late.Stop() && err != nil && context.Cause(ctx) == errSlowTry {
		err = errSlowTry
	}
	if err != nil {
		up.End(pool.Now(), took, !e.blames())
		cancel(nil)
		return nil, err
	}
	res.Body = keepBooks(res, &loan{up: up, pool: pool, took: took, good: good(res.StatusCode), cancel: cancel})
	return res, nil
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
	return e.r.Context().Err() == nil && !e.body.failed()
}

// good says whether a server that answers so does its part: HAProxy's rule for
// observe layer7. It can not know the method or version, and says so.
func good(status int) bool { return status < 500 || status == 501 || status == 505 }

// pick chooses a server that has not failed this request yet, if there is one.
func (e *errand) pick() *upstream.Upstream {
	pool := e.share.Pool
	return pool.Pick(upstream.Want{Avoid: e.avoid, Key: e.key(pool.line.Load().Key)})
}
