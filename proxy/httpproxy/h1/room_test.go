package h1

import (
	"errors"
	"io"
	"net/http"
	"testing"
)

// TestRoom: answers of one room after the other have nothing of each other, and
// heads before the final one have fields of their own.
func TestRoom(t *testing.T) {
	t.Parallel()
	addr, accepted := serve(t, func(p *peer, _ int) {
		for _, answer := range []string{
			ok + "X-First: 1\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n" + ok + "X-Second: 2\r\nContent-Length: 1\r\n\r\nb",
			"HTTP/1.1 204 No Content\r\n\r\n",
			"HTTP/1.1 200 OK\r\nX-Fourth: 4\r\nnonsense\r\n\r\n",
		} {
			if _, asked := p.request(); !asked {
				return
			}
			p.say(answer)
		}
	})
	ca, room, early := carrier(t), &Room{Header: http.Header{"X-Before": {"0"}}}, http.Header(nil)
	get := func() (*http.Response, string, error) {
		l := load(t, "GET", addr, "")
		l.Room = room
		l.Interim = func(_ int, h http.Header) error {
			early = h
			return nil
		}
		return carry(ca, l)
	}
	res, body, err := get()
	if err != nil || body != "a" || len(room.Header) != 1 || room.Header.Get("X-First") != "1" || res.Trailer.Get("X-T") != "1" || res.ContentLength != -1 {
		t.Errorf("first: %+v %q %v", res, body, err)
	}
	res, body, err = get()
	if err != nil || body != "b" || len(room.Header) != 2 || room.Header.Get("X-Second") != "2" || res.Trailer != nil || res.TransferEncoding != nil || res.ContentLength != 1 {
		t.Errorf("second: %+v %q %v", res, body, err)
	}
	if len(early) != 1 || early.Get("Link") != "b" {
		t.Errorf("before the second: %v", early)
	}
	res, body, err = get()
	if err != nil || body != "" || res.StatusCode != 204 || len(room.Header) != 0 || res.Body != http.NoBody {
		t.Errorf("third: %+v %q %v", res, body, err)
	}
	if _, _, err = get(); !errors.Is(err, errName) {
		t.Errorf("fourth: %v", err)
	}
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d conns", n)
	}
}

// TestNoRoom: answers without one may be read in any order.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(p *peer, n int) {
		_, _ = p.request()
		p.say(ok + "X-Conn: " + string(rune('0'+n)) + "\r\nContent-Length: 1\r\n\r\n" + string(rune('0'+n)))
	})
	ca := carrier(t)
	var all []*http.Response
	for range 3 {
		res, err := ca.Carry(load(t, "GET", addr, ""))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, res)
	}
	for i := range all {
		res := all[len(all)-1-i]
		if b, err := io.ReadAll(res.Body); err != nil || string(b) != res.Header.Get("X-Conn") {
			t.Errorf("%q, %v of conn %s", b, err, res.Header.Get("X-Conn"))
		}
		_ = res.Body.Close()
	}
}
