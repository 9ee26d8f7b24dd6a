package protocol

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/pgmock"
)

func TestSendCancel(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		for _, size := range []int{4, 32, 256} {
			key := bytes.Repeat([]byte{9}, size)
			got := make(chan error, 1)
			closed := make(chan struct{})
			m := mock(t, func(p *pgmock.Peer) error {
				if encrypted {
					if err := answerSSL(p, "S"); err != nil {
						return err
					}
					p = &pgmock.Peer{Conn: tls.Server(p.Conn, serverTLS(t))}
				}
				err := p.Login(0, nil)
				got <- err
				time.Sleep(20 * time.Millisecond) // the signal is sent before the close
				close(closed)
				return nil
			})
			o := DialOptions{Addr: m.Addr(), TLS: clientTLS(ALPN)}
			if encrypted {
				o.TLSMode = TLSRequire
			}
			must(t, SendCancel(t.Context(), o, CancelKey{PID: 1<<32 - 5, Key: key}))
			var c *pgmock.ErrCancel
			if err := <-got; !errors.As(err, &c) || c.PID != 1<<32-5 || !bytes.Equal(c.Key, key) {
				t.Errorf("server got %v", err)
			}
			select {
			case <-closed:
			default:
				t.Error("returned before the server had closed")
			}
		}
	}
}

func TestCancelQuery(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		config := serverTLS(t)
		got := make(chan error, 1)
		m := mock(t, func(p *pgmock.Peer) error {
			if encrypted {
				p = &pgmock.Peer{Conn: tls.Server(p.Conn, config)}
			}
			var c *pgmock.ErrCancel
			if err := p.Login(7, []byte("0123")); errors.As(err, &c) {
				got <- err
				return nil
			}
			return p.Serve()
		})
		o := DialOptions{Addr: m.Addr()}
		if encrypted {
			o.TLSMode, o.TLSDirect, o.TLS = TLSPrefer, true, clientTLS(ALPN)
		}
		s, err := dial(t, o)
		must(t, err)
		s.how.Addr = "elsewhere.invalid:5432"
		must(t, s.CancelQuery(t.Context()))
		var c *pgmock.ErrCancel
		if err := <-got; !errors.As(err, &c) || c.PID != 7 || string(c.Key) != "0123" {
			t.Errorf("server got %v", err)
		}
		_ = s.Close()
	}
}

func TestSendCancelFails(t *testing.T) {
	key := CancelKey{PID: 1, Key: []byte("0123")}
	silent := mock(t, func(p *pgmock.Peer) error { _, _ = io.Copy(io.Discard, p); return nil })
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	soon(t, "SendCancel", func() {
		if err := SendCancel(ctx, DialOptions{Addr: silent.Addr()}, key); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a server that does not answer: %v", err)
		}
	})
	chatty := mock(t, func(p *pgmock.Peer) error {
		_, _ = p.Write(make([]byte, 1000))
		_, _ = io.Copy(io.Discard, p)
		return nil
	})
	soon(t, "SendCancel", func() {
		if err := SendCancel(t.Context(), DialOptions{Addr: chatty.Addr()}, key); err == nil {
			t.Error("a server that says something")
		}
	})
	if err := SendCancel(t.Context(), DialOptions{Addr: silent.Addr()}, CancelKey{PID: 1}); err == nil {
		t.Error("a server that gave no key was sent a request")
	}
}
