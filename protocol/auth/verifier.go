package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// DefaultIterations is PostgreSQL's SCRAM_SHA_256_DEFAULT_ITERATIONS.
	DefaultIterations = 4096
	// MaxIterations is the most rounds of PBKDF2 that wye computes for a peer
	// or takes from a stored verifier: about 0.2 s of one core. It leaves room
	// above the 600 000 that OWASP recommends; PostgreSQL has no limit.
	MaxIterations = 1_000_000

	saltLen = 16 // SCRAM_DEFAULT_SALT_LEN
	keyLen  = sha256.Size

	verifierScheme = "SCRAM-SHA-256$"
)

// Verifier is what a server keeps of a SCRAM password: enough to check a
// client's proof, not enough to log in. It is plain data; do not change it
// after use. String reveals it, so it stays out of logs.
type Verifier struct {
	Salt       []byte
	Iterations int
	StoredKey  [keyLen]byte
	ServerKey  [keyLen]byte
}

// NewVerifier derives the verifier of password, prepared as PostgreSQL does.
// It costs iterations rounds of PBKDF2 (4096: about 0.6 ms).
func NewVerifier(password string, iterations int, salt []byte) (*Verifier, error) {
	if iterations < 1 || iterations > MaxIterations {
		return nil, fmt.Errorf("SCRAM iteration count %d is not between 1 and %d", iterations, MaxIterations)
	}
	if len(salt) == 0 {
		return nil, errors.New("SCRAM salt is empty")
	}
	k, err := deriveKeys(password, salt, iterations)
	if err != nil {
		return nil, err
	}
	return k.verifier(), nil
}

// HashPassword returns the text of a fresh verifier of password, as it stands
// in pg_authid.rolpassword: 16 bytes of salt from random (nil: crypto/rand)
// and 4096 iterations.
func HashPassword(password string, random io.Reader) (string, error) {
	if err := checkPlain(password); err != nil {
		return "", err
	}
	salt := make([]byte, saltLen)
	if _, err := io.ReadFull(orCryptoRand(random), salt); err != nil {
		return "", fmt.Errorf("salt: %w", err)
	}
	v, err := NewVerifier(password, DefaultIterations, salt)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

// String is the verifier in PostgreSQL's text form.
func (v *Verifier) String() string {
	b64 := base64.StdEncoding.EncodeToString
	return verifierScheme + strconv.Itoa(v.Iterations) + ":" + b64(v.Salt) + "$" + b64(v.StoredKey[:]) + ":" + b64(v.ServerKey[:])
}

// parseVerifier reads the text form. Errors never quote the text.
func parseVerifier(text string) (*Verifier, error) {
	rest, ok := strings.CutPrefix(text, verifierScheme)
	iterations, rest, ok1 := strings.Cut(rest, ":")
	salt, rest, ok2 := strings.Cut(rest, "$")
	storedKey, serverKey, ok3 := strings.Cut(rest, ":")
	if !ok || !ok1 || !ok2 || !ok3 {
		return nil, errors.New("malformed SCRAM verifier: want SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>")
	}
	v := &Verifier{}
	var err error
	if v.Iterations, err = parseIterations(iterations); err != nil {
		return nil, err
	}
	if v.Salt, err = base64.StdEncoding.Strict().DecodeString(salt); err != nil || len(v.Salt) == 0 {
		return nil, errors.New("malformed SCRAM verifier: the salt is not base64")
	}
	if !decodeKey(&v.StoredKey, storedKey) || !decodeKey(&v.ServerKey, serverKey) {
		return nil, errors.New("malformed SCRAM verifier: a key is not 32 bytes of base64")
	}
	return v, nil
}

// parseIterations reads a decimal count of 1 to MaxIterations, digits only.
func parseIterations(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("malformed SCRAM iteration count")
	}
	if n > MaxIterations {
		return 0, fmt.Errorf("SCRAM iteration count %d is above %d", n, MaxIterations)
	}
	return int(n), nil
}

// decodeKey reads exactly 32 bytes of base64 into key. The length is checked
// first: the text may come from a peer.
func decodeKey(key *[keyLen]byte, s string) bool {
	if len(s) != base64.StdEncoding.EncodedLen(keyLen) || strings.ContainsAny(s, "\r\n") {
		return false
	}
	var buf [keyLen + 2]byte
	n, err := base64.StdEncoding.Strict().Decode(buf[:], []byte(s))
	return err == nil && copy(key[:], buf[:n]) == keyLen && n == keyLen
}
