package h1serve

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// TestLateLook: a look that was due for an earlier request takes nothing of this
// one's body.
func TestLateLook(t *testing.T) {
	s, reached := &Server{}, make(chan bool)
	addr := start(t, s, func(w http.ResponseWriter, r *http.Request) {
		reached <- true
		<-reached
		_, _ = io.Copy(w, r.Body)
	})
	c := call(t, addr)
	c.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
	<-reached
	looked := make(chan bool)
	go func() {
		defer close(looked)
		s.all()[0].look()
	}()
	select {
	case <-looked:
	case <-time.After(patience):
		t.Error("it waits for the body")
	}
	c.say("body")
	reached <- true
	if res, body := c.hear("POST"); res.StatusCode != 200 || body != "body" {
		t.Errorf("%v %q", res, body)
	}
}
