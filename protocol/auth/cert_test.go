package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"slices"
	"testing"
	"time"
)

// identity is a self-signed TLS server.
type identity struct {
	cert            *x509.Certificate
	pair            tls.Certificate
	certPEM, keyPEM string
}

func newIdentity(t testing.TB, key crypto.Signer, with x509.Certificate) identity {
	t.Helper()
	with.SerialNumber = big.NewInt(1)
	with.NotAfter = time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &with, &with, key.Public(), key)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	return identity{
		cert:    cert,
		pair:    tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert},
		certPEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		keyPEM:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}
}

func localhost(t testing.TB) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return newIdentity(t, key, x509.Certificate{Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}})
}

func TestEndpointHash(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	sha256Of := func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
	sha384Of := func(b []byte) []byte { h := sha512.Sum384(b); return h[:] }
	sha512Of := func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }
	for algorithm, hash := range map[x509.SignatureAlgorithm]func([]byte) []byte{
		x509.SHA256WithRSA: sha256Of, x509.SHA384WithRSA: sha384Of, x509.SHA512WithRSAPSS: sha512Of,
	} {
		cert := newIdentity(t, rsaKey, x509.Certificate{SignatureAlgorithm: algorithm}).cert
		if got := EndpointHash(cert); !bytes.Equal(got, hash(cert.Raw)) {
			t.Errorf("%v gives % x", algorithm, got)
		}
	}
	// Go no longer signs with the broken hashes; the name alone decides.
	for _, algorithm := range []x509.SignatureAlgorithm{x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1} {
		if got := EndpointHash(&x509.Certificate{SignatureAlgorithm: algorithm, Raw: []byte("der")}); !bytes.Equal(got, sha256Of([]byte("der"))) {
			t.Errorf("%v gives % x", algorithm, got)
		}
	}
	if EndpointHash(newIdentity(t, edKey, x509.Certificate{}).cert) != nil || EndpointHash(&x509.Certificate{}) != nil || EndpointHash(nil) != nil {
		t.Error("a hash for a signature that names none")
	}
}

func TestCertNames(t *testing.T) {
	uri, _ := url.Parse("spiffe://cluster/app")
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: "app"}, DNSNames: []string{"db.example", ""}, EmailAddresses: []string{"a@b"}, URIs: []*url.URL{uri}}
	names := CertNames(cert)
	if want := []string{"app", "db.example", "a@b", "spiffe://cluster/app"}; !slices.Equal(names, want) {
		t.Errorf("names are %q, want %q", names, want)
	}
	if CertNames(nil) != nil || len(CertNames(&x509.Certificate{})) != 0 {
		t.Error("names out of nothing")
	}
	for user, want := range map[string]bool{"app": true, "a@b": true, "App": false, "ap": false, "": false, "app\x00": false} {
		if NamesUser(names, user) != want {
			t.Errorf("%q matches: %v", user, !want)
		}
	}
	if NamesUser([]string{""}, "") || NamesUser(nil, "app") {
		t.Error("a match out of nothing")
	}
}
