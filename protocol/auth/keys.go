package auth

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"io"
)

// Keys are the secrets of one SCRAM login: with them one can log in to every
// server that holds the verifier with the same salt and iteration count, and
// tell that server from an impostor. They are as sensitive as the password.
type Keys struct {
	Salt       []byte
	Iterations int
	ClientKey  [keyLen]byte
	ServerKey  [keyLen]byte
}

// String hides the keys.
func (k Keys) String() string { return "***" }

// GoString hides the keys.
func (k Keys) GoString() string { return "***" }

func (k *Keys) verifier() *Verifier {
	return &Verifier{Salt: k.Salt, Iterations: k.Iterations, StoredKey: sha256.Sum256(k.ClientKey[:]), ServerKey: k.ServerKey}
}

// deriveKeys is the costly step: RFC 5802's SaltedPassword and the two keys.
// It fails only in a process restricted to FIPS 140, for a short salt.
func deriveKeys(password string, salt []byte, iterations int) (*Keys, error) {
	salted, err := pbkdf2.Key(sha256.New, saslPrep(password), salt, iterations, keyLen)
	if err != nil {
		return nil, err
	}
	k := &Keys{Salt: salt, Iterations: iterations}
	hmacSHA256(&k.ClientKey, salted, []byte("Client Key"))
	hmacSHA256(&k.ServerKey, salted, []byte("Server Key"))
	return k, nil
}

func hmacSHA256(out *[keyLen]byte, key, message []byte) {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	h.Sum(out[:0])
}

func xorKeys(a, b *[keyLen]byte) (c [keyLen]byte) {
	for i := range c {
		c[i] = a[i] ^ b[i]
	}
	return c
}

func orCryptoRand(r io.Reader) io.Reader {
	if r == nil {
		return rand.Reader
	}
	return r
}
