//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// dirPrefix begins the name of a run's private folder; the process id follows.
const dirPrefix = "wye-bench-"

// sweep removes the folders of runs that were killed; their proxies died with
// them.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*")) // the pattern is well formed
	for _, d := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(d), dirPrefix), "-")
		n, err := strconv.Atoi(pid)
		if err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			os.RemoveAll(d)
		}
	}
}

// stage is what proxies are put in front of, and where their files lie.
type stage struct {
	options  options
	dir      string
	server   string // host:port
	replica  string // host:port; "" when there is none
	shard    string // host:port of a second shard; "" when there is none
	user     string
	database string
	password string
	verifier string // as the server stores it; both proxies are given only this
	version  string // of PgBouncer, "1.18.0"
	cert     *x509.CertPool
	runs     int // proxies started so far
}

// newStage makes the folder and the certificate. The caller removes dir.
func newStage(o options) (*stage, error) {
	sweep()
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", dirPrefix, os.Getpid()))
	if err != nil {
		return nil, err
	}
	s := &stage{options: o, dir: dir, user: "bench", database: "bench", password: rand.Text()}
	return s, errors.Join(os.Chmod(dir, 0o755), s.makeCertificate()) // PgBouncer runs as somebody else
}

// makeCertificate writes tls.crt and tls.key, for 127.0.0.1 and today.
func (s *stage) makeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	shape := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, shape, shape, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.cert = x509.NewCertPool()
	s.cert.AppendCertsFromPEM(cert)
	return errors.Join(
		os.WriteFile(s.path("tls.crt"), cert, 0o644),
		s.private("tls.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// private writes a file that only PgBouncer's account, and root, can read.
func (s *stage) private(name string, text []byte) error {
	if err := os.WriteFile(s.path(name), text, 0o600); err != nil {
		return err
	}
	who, err := unprivileged()
	if err != nil || who == nil {
		return err
	}
	return os.Chown(s.path(name), int(who.Uid), int(who.Gid))
}
