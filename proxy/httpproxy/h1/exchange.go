package h1

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// exchange is a request and its answer on one conn, which belongs to it until
// finish. It is used by one goroutine at a time; only its feed runs beside.
type exchange struct {
	conn   *conn
	load   *Load
	silent bool        // nothing has come back
	stop   func() bool // of what ends the conn with the request's context; nil: nothing does
	feed   *feed       // nil: none
	head   head        // the final one
}

// maxHeads bounds the heads before the final one.
const maxHeads = 64

// do sends the request and reads the answer's head. After an error the conn is
// of no more use, and nobody else's.
func (e *exchange) do(out []byte) (*http.Response, error) {
	e.silent, e.conn.wrote = true, false
	e.stop = whenOver(e.load.Context(), e.conn.cut)
	err := e.send(out)
	if err == nil {
		err = e.readHeads()
	}
	if err != nil {
		e.end()
		return nil, err
	}
	if e.head.status == http.StatusSwitchingProtocols {
		return e.upgrade()
	}
	return e.respond(), nil
}

// whenOver is context.AfterFunc, or nil for a context that never ends. One that
// has such a function of its own is asked for that at once: the standard one
// would first ask for a channel, and make objects of its own.
func whenOver(ctx context.Context, f func()) (stop func() bool) {
	if own, ok := ctx.(interface {
		AfterFunc(f func()) (stop func() bool)
	}); ok {
		return own.AfterFunc(f)
	}
	if ctx.Done() == nil {
		return nil
	}
	return context.AfterFunc(ctx, f)
}

// send writes the request, or has its body written beside.
func (e *exchange) send(out []byte) error {
	c := e.conn
	if c.used && (e.load.beside() || !c.link.looks()) && !c.quiet() {
		return errStale
	}
	if err := c.forAnswer(e.load.Until); err != nil {
		return err
	}
	if e.load.beside() {
		return e.sendBeside(out)
	}
	sent, n, err := c.link.ask(out, c.buf, c.used)
	c.wrote = sent > 0
	c.r, c.w = 0, n
	if err == nil && sent < len(out) {
		_, err = c.Write(out[sent:])
		return err
	}
	return e.nothing(err)
}

// sendBeside writes the head, and begins to feed the body.
func (e *exchange) sendBeside(out []byte) error {
	c := e.conn
	c.alone = true // the feed looks after the deadline of writes
	n, err := c.Write(out)
	c.wrote = n > 0
	if err != nil {
		return err
	}
	e.feed = newFeed(e)
	go e.feed.run()
	return nil
}

// nothing makes of a conn's end an error that says so.
func (e *exchange) nothing(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readHeads reads up to the final head.
func (e *exchange) readHeads() error {
	for range maxHeads {
		h, err := e.readHead()
		if err != nil {
			return err
		}
		if h.status >= 200 || h.status == http.StatusSwitchingProtocols {
			e.head = h
			e.feed.final()
			e.conn.shrink()
			return nil
		}
		if e.load.Interim != nil {
			if err := e.load.Interim(h.status, h.fields); err != nil {
				return err
			}
		}
		if h.status == http.StatusContinue {
			e.feed.goOn()
		}
	}
	return errManyHeads
}

// readHead reads one.
func (e *exchange) readHead() (head, error) {
	c := e.conn
	for seen := 0; ; {
		held := c.buffered()
		e.silent = e.silent && len(held) == 0
		end, err := endOfHead(held, seen)
		if err != nil {
			return head{}, err
		}
		if end > c.carrier.MaxHead {
			return head{}, errLongHead
		}
		if end > 0 {
			c.r += end
			return parseHead(held[:end], e.load.Method, e.load.Room)
		}
		seen = len(held)
		if err := e.wait(); err != nil {
			return head{}, err
		}
	}
}

// wait reads more of a head.
func (e *exchange) wait() error {
	c := e.conn
	if err := c.forAnswer(e.load.Until); err != nil {
		return err
	}
	err := c.fill()
	if err == io.ErrShortBuffer {
		if err = c.grow(c.carrier.MaxHead); err == nil {
			err = c.fill()
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && e.feed.movedWithin(c.carrier.Stall) &&
		(e.load.Until.IsZero() || time.Now().Before(e.load.Until)) {
		return nil // the body still goes out
	}
	return e.nothing(err)
}

// respond makes the answer for the caller, who owns it.
func (e *exchange) respond() *http.Response {
	h, room := &e.head, e.load.Room
	if room == nil {
		room = new(Room)
	}
	res := &room.answer
	*res = http.Response{
		Status: h.reason, StatusCode: h.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: h.minor,
		Header: h.fields, ContentLength: h.length, Close: h.last, Request: e.load.Request, Trailer: h.trailer,
	}
	if h.minor == 0 {
		res.Proto = "HTTP/1.0"
	}
	if h.chunked {
		res.ContentLength, res.TransferEncoding = -1, []string{"chunked"}
	}
	if h.none {
		e.finish()
		res.Body = http.NoBody
		return res
	}
	room.body = body{exchange: *e, answer: res, left: h.length}
	res.Body = &room.body
	return res
}

// finish is called when the answer has been read to its end: the conn is kept
// if all is as it should be.
func (e *exchange) finish() {
	c := e.conn
	whole := e.feed.whole()
	if !e.end() || !whole || e.head.last || e.load.Close || c.r != c.w {
		_ = c.Close()
		return
	}
	if c.alone {
		c.alone, c.until = false, time.Time{}
	}
	c.shrink()
	c.carrier.keep(c)
}

// end lets go of the request's context; false: it has ended, and so has the
// conn.
func (e *exchange) end() bool { return e.stop == nil || e.stop() }
