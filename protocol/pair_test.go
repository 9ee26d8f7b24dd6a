package protocol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// kinds are the connections that links are tested over. The first two are
// raw links on Linux, the others are not.
var kinds = []string{"tcp", "unix", "pipe", "tls"}

// eachKind runs f over every kind of connection: link is our end, as a
// greeting leaves it, and peer the other.
func eachKind(t *testing.T, f func(t *testing.T, link Link, peer net.Conn)) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			ours, peer := pair(t, kind)
			f(t, NewLink(ours), peer)
		})
	}
}

// pair connects two ends and closes them with the test.
func pair(t testing.TB, kind string) (ours, peer net.Conn) {
	t.Helper()
	switch kind {
	case "pipe":
		ours, peer = net.Pipe()
	case "unix":
		// A test's own folder has a name that is too long for a socket.
		dir, err := os.MkdirTemp("", "wye")
		must(t, err)
		t.Cleanup(func() { os.RemoveAll(dir) })
		ours, peer = connect(t, "unix", filepath.Join(dir, "s"))
	default:
		ours, peer = connect(t, "tcp", "127.0.0.1:0")
	}
	t.Cleanup(func() { ours.Close(); peer.Close() })
	if kind != "tls" {
		return ours, peer
	}
	client := tls.Client(peer, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{ALPN}})
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	g := greeting{Hello: Hello{Conn: ours}, config: serverTLS(t)}
	must(t, g.upgrade(nil, false))
	must(t, <-shaken)
	return g.Conn, client
}

func connect(t testing.TB, network, addr string) (ours, peer net.Conn) {
	t.Helper()
	l, err := net.Listen(network, addr)
	must(t, err)
	defer l.Close()
	dialled := make(chan error, 1)
	go func() {
		var err error
		peer, err = net.Dial(network, l.Addr().String())
		dialled <- err
	}()
	ours, err = l.Accept()
	must(t, err)
	must(t, <-dialled)
	return ours, peer
}

// serverTLS is a configuration with a certificate of its own.
func serverTLS(t testing.TB) *tls.Config {
	cert, err := testCertificate()
	must(t, err)
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{ALPN}}
}

var testCertificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon fails the test when f does not return in time.
func soon(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: still waiting", what)
	}
}
