package httpproxy

import (
	"io"
	"net/http"
	"strings"
	"sync"
)

// upgrade makes a tunnel between client and server of an answer 101. It ends
// when both directions have, or one has failed, or the client's request is
// over.
func (v *visit) upgrade(out *http.Request, res *http.Response) {
	server, ok := res.Body.(io.ReadWriteCloser)
	asked, got := upgradeOf(out.Header), upgradeOf(res.Header)
	if !ok || asked == "" || !strings.EqualFold(asked, got) {
		_ = res.Body.Close()
		v.refuse(v.in, refusal{502, "the server changed to a protocol that was not asked for"})
		return
	}
	defer server.Close()
	v.modify(res)
	v.place(res.Header)
	client, buffered, err := v.Hijack()
	if err != nil {
		v.refuse(v.in, refusal{502, "this client's conn can not change protocols"})
		return
	}
	defer client.Close()
	v.status = http.StatusSwitchingProtocols
	res.Header, res.Body = v.Header(), nil // Write sends the head only
	if res.Write(buffered) != nil || buffered.Flush() != nil {
		return
	}
	ended := make(chan error, 2)
	var both sync.WaitGroup
	both.Go(func() { ended <- through(server, buffered.Reader) })
	both.Go(func() { ended <- through(client, server) })
	for left := 2; err == nil && left > 0; left-- {
		select {
		case err = <-ended:
		case <-v.in.Context().Done():
			err = v.in.Context().Err()
		}
	}
	_ = client.Close()
	_ = server.Close()
	both.Wait()
}

// through copies one direction, and tells the other side of its end.
func through(dst io.Writer, src io.Reader) error {
	if _, err := io.Copy(dst, src); err != nil {
		return err
	}
	if half, ok := dst.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return io.EOF // only the end of all tells it
}
