package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/httpproxy"
	"github.com/wyeproxy/wye/proxy/tcpproxy"
)

// listener is one listening socket; what the configuration says of it can be
// replaced by a reload.
type listener struct {
	net      net.Listener
	tcp      *tcpproxy.Door    // of kind tcp, else nil
	http     *httpproxy.Server // of kind http, else nil
	kept     *httpKeep         // the same
	access   *accessFile       // the same; nil: none
	door     atomic.Pointer[door]
	accepted atomic.Int64
	clients  atomic.Int64
}

// door is how clients of one listener are let in.
type door struct {
	config.Listener
	tls     *tls.Config // nil when TLS is off
	binding []byte      // channel binding of our certificate, nil when it has none
	method  auth.Method
}

func newDoor(lc config.Listener, cfg *config.Config) (*door, error) {
	d := &door{Listener: lc}
	var err error
	switch lc.Kind {
	case config.ListenPostgres:
		if d.method, err = auth.ParseMethod(string(lc.Auth)); err != nil {
			return nil, err
		}
	}
	if lc.TLS.Mode == config.ListenDisable {
		return d, nil
	}
	section := cfg.Certificate(lc.TLS.Use)
	cert, err := tls.LoadX509KeyPair(section.Cert, section.Key)
	if err != nil {
		return nil, fmt.Errorf("tls.%s: %w", section.Name, err)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("tls.%s: %w", section.Name, err)
	}
	d.binding = auth.EndpointHash(leaf)
	d.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if lc.Kind == config.ListenPostgres {
		d.tls.NextProtos = []string{protocol.ALPN}
	}
	for _, name := range lc.TLS.Also {
		more := cfg.Certificate(name)
		cert, err := tls.LoadX509KeyPair(more.Cert, more.Key)
		if err != nil {
			return nil, fmt.Errorf("tls.%s: %w", name, err)
		}
		d.tls.Certificates = append(d.tls.Certificates, cert)
	}
	if section.Min == "1.3" {
		d.tls.MinVersion = tls.VersionTLS13
	}
	if section.ClientCA != "" {
		var err error
		if d.tls.ClientCAs, err = authorities(section.ClientCA); err != nil {
			return nil, fmt.Errorf("tls.%s.client_ca: %w", section.Name, err)
		}
		d.tls.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if lc.TLS.Mode == config.ListenVerifyClient {
		d.tls.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return d, nil
}

func (s *Server) listen(lc config.Listener, cfg *config.Config) (*listener, error) {
	d, err := newDoor(lc, cfg)
	if err != nil {
		return nil, err
	}
	network, address := lc.Network()
	if network == "unix" {
		removeStaleSocket(address)
	}
	var tuned net.ListenConfig
	if lc.Kind == config.ListenTCP {
		tuned.KeepAlive = -1 // package tcpproxy sees to it
	}
	n, err := tuned.Listen(context.Background(), network, address)
	if err != nil {
		return nil, fmt.Errorf("listener %s: %w", lc.Name, err)
	}
	l := &listener{net: n}
	l.door.Store(d)
	if lc.Kind == config.ListenHTTP {
		if err := s.serveHTTP(l, d); err != nil {
			_ = n.Close()
			return nil, err
		}
	}
	if lc.Kind == config.ListenTCP {
		l.tcp = tcpproxy.NewDoor(s.doorSettings(d), tcpproxy.Options{Log: s.log, Enter: s.enter, Leave: s.leave})
	}
	return l, nil
}

// removeStaleSocket removes a socket file that nobody listens on, which a
// killed process leaves behind.
func removeStaleSocket(path string) {
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close()
		return
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == os.ModeSocket {
		_ = os.Remove(path)
	}
}

// accept lets visitors in until the listener is closed.
func (s *Server) accept(l *listener) {
	defer s.visiting.Done()
	if l.tcp != nil {
		l.tcp.Serve(l.net)
		return
	}
	if l.http != nil {
		if err := l.http.Serve(l.net); err != nil {
			s.log.Error("listener ended", "listener", l.door.Load().Name, "error", err.Error())
		}
		return
	}
	pause := time.Millisecond
	for {
		conn, err := l.net.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors, say: do not spin
			s.log.Error("accept failed", "listener", l.door.Load().Name, "error", err.Error())
			time.Sleep(pause)
			pause = min(2*pause, time.Second)
			continue
		}
		pause = time.Millisecond
		l.accepted.Add(1)
		if !s.strangers.arrive(conn, s.maxStrangers()) {
			_ = conn.Close()
			continue
		}
		s.visiting.Add(1)
		go s.visit(l, conn)
	}
}

// maxStrangers bounds the sockets whose owner is not known yet.
func (s *Server) maxStrangers() int { return s.config.Load().Process.MaxClients + 1000 }
