package auth

import (
	"crypto"
	_ "crypto/sha256" // registers the hashes below
	_ "crypto/sha512"
	"crypto/x509"
	"slices"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// EndpointHash is the channel binding tls-server-end-point of a TLS server
// with this certificate (RFC 5929, section 4.1): the certificate under the
// hash of its own signature, SHA-256 in place of MD5 and SHA-1. It is nil
// where the signature names no hash (Ed25519) or an unknown one; then
// SCRAM-SHA-256-PLUS cannot be used.
func EndpointHash(cert *x509.Certificate) []byte {
	if cert == nil {
		return nil
	}
	h, ok := endpointHashes[cert.SignatureAlgorithm]
	if !ok {
		return nil
	}
	w := h.New()
	w.Write(cert.Raw)
	return w.Sum(nil)
}

var endpointHashes = map[x509.SignatureAlgorithm]crypto.Hash{
	x509.MD5WithRSA:       crypto.SHA256,
	x509.SHA1WithRSA:      crypto.SHA256,
	x509.DSAWithSHA1:      crypto.SHA256,
	x509.ECDSAWithSHA1:    crypto.SHA256,
	x509.SHA256WithRSA:    crypto.SHA256,
	x509.SHA256WithRSAPSS: crypto.SHA256,
	x509.DSAWithSHA256:    crypto.SHA256,
	x509.ECDSAWithSHA256:  crypto.SHA256,
	x509.SHA384WithRSA:    crypto.SHA384,
	x509.SHA384WithRSAPSS: crypto.SHA384,
	x509.ECDSAWithSHA384:  crypto.SHA384,
	x509.SHA512WithRSA:    crypto.SHA512,
	x509.SHA512WithRSAPSS: crypto.SHA512,
	x509.ECDSAWithSHA512:  crypto.SHA512,
}

// CertNames returns the names a verified client certificate stands for: its
// common name, then the DNS names, mail addresses and URIs among its subject
// alternative names. The chain must have been verified before: names in any
// other certificate mean nothing.
func CertNames(cert *x509.Certificate) []string {
	if cert == nil {
		return nil
	}
	names := append([]string{cert.Subject.CommonName}, cert.DNSNames...)
	names = append(names, cert.EmailAddresses...)
	for _, uri := range cert.URIs {
		names = append(names, uri.String())
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// NamesUser reports whether one of names is user, byte for byte: no case
// folding, no wildcards.
func NamesUser(names []string, user string) bool {
	return user != "" && slices.Contains(names, user)
}

func certRefusal(user string) *pgerror.Error {
	return pgerror.Fatalf(pgerror.InvalidAuthorization, "certificate authentication failed for user \"%s\"", user)
}
