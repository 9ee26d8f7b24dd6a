package auth

import (
	"errors"
	"strings"
	"sync"
)

// Kind says in which form a user's secret is stored.
type Kind uint8

const (
	KindUnknown Kind = iota // no such user; every conversation is a mock
	KindNone                // a user without a password: only cert and trust can let them in
	KindPlain
	KindMD5
	KindSCRAM
)

var kindNames = [...]string{"unknown", "none", "plain", "md5", "scram"}

func (k Kind) String() string { return kindNames[k] }

// Secret is what wye keeps to check one user's password. The zero Secret
// stands for a user that does not exist. Copies share the derived keys; all
// methods are safe for concurrent use. It prints as "***", and holds nothing
// but pointers, so that it stays hidden inside another type's private field.
type Secret struct {
	kind     Kind
	verifier *Verifier // with KindSCRAM
	stored   *stored   // with KindPlain and KindMD5
}

// stored holds a password or MD5 hash, and what was derived from it once.
type stored struct {
	credential *Credential
	derive     sync.Once
	verifier   *Verifier
	err        error
}

// NoPassword is the secret of a user who exists and has no password.
func NoPassword() Secret { return Secret{kind: KindNone} }

// ParseSecret reads a stored secret: a SCRAM-SHA-256 verifier or an MD5 hash in
// the form of pg_authid.rolpassword, and anything else is a password. Unlike
// PostgreSQL, which would take it for a password, a text that begins like a
// verifier and is none is an error. Errors never quote the text.
func ParseSecret(text string) (Secret, error) {
	if strings.HasPrefix(text, verifierScheme) {
		v, err := parseVerifier(text)
		if err != nil {
			return Secret{}, err
		}
		return Secret{kind: KindSCRAM, verifier: v}, nil
	}
	if isMD5Hash(text) {
		return Secret{kind: KindMD5, stored: &stored{credential: &Credential{md5: text}}}, nil
	}
	if err := checkPlain(text); err != nil {
		return Secret{}, err
	}
	return Secret{kind: KindPlain, stored: &stored{credential: PasswordCredential(text)}}, nil
}

// checkPlain refuses what no client could send as a password.
func checkPlain(password string) error {
	switch {
	case password == "":
		return errors.New("empty password")
	case strings.ContainsRune(password, 0):
		return errors.New("password contains a zero byte")
	case len(password) >= MaxMessage:
		return errors.New("password is too long")
	}
	return nil
}

// Kind returns the stored form.
func (s Secret) Kind() Kind { return s.kind }

// Verifier returns the stored verifier, or nil when the secret has another
// form. It is shared: do not change it.
func (s Secret) Verifier() *Verifier {
	if s.kind != KindSCRAM {
		return nil
	}
	return s.verifier
}

// Credential returns what wye can log in to servers with as this user: the
// password, or the MD5 hash for servers that ask for MD5. It is nil for the
// other kinds: a verifier alone opens nothing until a client has proved
// itself against it (Exchange.Credential).
func (s Secret) Credential() *Credential {
	if s.stored == nil {
		return nil
	}
	return s.stored.credential
}

// scramVerifier returns what a SCRAM exchange is checked against, nil when
// there is nothing. A stored password gets its verifier at the first call,
// with salt; later calls cost nothing.
func (s Secret) scramVerifier(salt func() []byte) (*Verifier, error) {
	switch s.kind {
	case KindSCRAM:
		return s.verifier, nil
	case KindPlain:
		p := s.stored
		p.derive.Do(func() {
			p.verifier, p.err = NewVerifier(p.credential.password, DefaultIterations, salt())
		})
		return p.verifier, p.err
	}
	return nil, nil
}

// String hides the secret.
func (s Secret) String() string { return "***" }

// GoString hides the secret.
func (s Secret) GoString() string { return "***" }
