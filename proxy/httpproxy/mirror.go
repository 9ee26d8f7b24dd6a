package httpproxy

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// Mirror sends copies of requests to another pool, whose answers nobody gets.
type Mirror struct {
	Pool    *Pool
	Percent int   // of the requests, default 100
	Body    int64 // bytes of a body; requests with a longer one are not copied. Default 64 KiB
}

// Bounds of what mirroring may cost a listener: copies that wait, those under
// way, and the time of one. Copies beyond them are dropped.
const (
	mirrorQueue   = 64
	mirrorWorkers = 8
	mirrorTime    = 10 * time.Second
	mirrorRead    = 1 << 20 // bytes of an answer, before its conn is given up
)

// mirrors sends the copies of one listener. Its goroutines end with stop.
type mirrors struct {
	queue   chan copied
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
	sent    atomic.Int64
	dropped atomic.Int64
}

type copied struct {
	request *http.Request
	pool    *Pool
}

func newMirrors() *mirrors {
	m := &mirrors{queue: make(chan copied, mirrorQueue)}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	for range mirrorWorkers {
		m.workers.Go(m.run)
	}
	return m
}

// stop ends what is under way and returns when all workers have.
func (m *mirrors) stop() {
	m.cancel()
	m.workers.Wait()
}

func (m *mirrors) run() {
	for {
		select {
		case c := <-m.queue:
			m.send(c)
		case <-m.ctx.Done():
			return
		}
	}
}

// send is one try; its outcome counts for the server as any other's.
func (m *mirrors) send(c copied) {
	ctx, cancel := context.WithTimeout(m.ctx, mirrorTime)
	defer cancel()
	up, err := c.pool.Take(ctx, upstream.Want{})
	if err != nil {
		m.dropped.Add(1)
		return
	}
	l := c.pool.line.Load()
	r := c.request.WithContext(ctx)
	r.URL.Scheme, r.URL.Host = l.scheme, up.Addr
	began := c.pool.Now()
	res, err := l.RoundTrip(r)
	took := time.Duration(c.pool.Now() - began)
	if err == nil {
		_, _ = io.CopyN(io.Discard, res.Body, mirrorRead) // so that its conn can be used again
		_ = res.Body.Close()
	}
	up.End(c.pool.Now(), took, m.ctx.Err() != nil || err == nil && good(res.StatusCode))
	m.sent.Add(1)
}

// mirror copies the visit's request, once its body is known.
func (v *visit) mirror() {
	if v.shadow == nil || rand.IntN(100) >= v.route.Mirror.Percent {
		return
	}
	set, r := v.route.Mirror, v.shadow
	m := v.server.mirrors.Load()
	body, ok := v.body.copied(set.Body)
	if !ok || m == nil || r.Header.Get("Upgrade") != "" {
		return
	}
	r.Body, r.ContentLength = http.NoBody, int64(len(body))
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.TransferEncoding, r.Trailer = nil, nil
	r.Header.Set("X-Mirrored-By", "wye")
	select {
	case m.queue <- copied{r, set.Pool}:
	default:
		m.dropped.Add(1)
	}
}
