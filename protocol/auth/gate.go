package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// MaxMessage is the longest body of a 'p' message that is looked at, in bytes
// (PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH). The reader of frames should refuse
// longer ones before it allocates.
const MaxMessage = 65535

// Types of the 'R' message, the first four bytes of its body.
const (
	authOK           = 0
	authClear        = 3
	authMD5          = 5
	authSASL         = 10
	authSASLContinue = 11
	authSASLFinal    = 12
)

// Exchange is one conversation that proves who a client is. It belongs to one
// goroutine. What it returns is the body of an 'R' message, valid until the
// next call. Once done is true the caller sends AuthenticationOk (OK) after
// the last request; until then the client is nobody.
type Exchange interface {
	// Start returns the first request. When done is true there is none to
	// send: the client is in.
	Start() (request []byte, done bool)
	// Continue takes the body of a 'p' message, which it does not keep, and
	// returns the next request, nil when there is none. After an error, which
	// is always FATAL, the exchange is dead.
	Continue(p []byte) (request []byte, done bool, err *pgerror.Error)
	// Credential returns what the finished exchange leaves to log in to
	// servers as this user: the stored password, the one the client typed, an
	// MD5 hash, or SCRAM keys. Nil before the end and when there is nothing.
	Credential() *Credential
}

// OK is the body of AuthenticationOk.
var OK = []byte{0, 0, 0, authOK}

// Visit is one client that wants in.
type Visit struct {
	User      string // from the startup message, the only name that counts
	Secret    Secret // zero: no such user
	Method    Method
	Line      Line
	CertNames []string // CertNames of the verified client certificate
	Binding   []byte   // EndpointHash of our own certificate over TLS; nil offers no channel binding
}

// Gate begins the conversations with clients. It holds the process secret
// from which the salts of mock conversations come. Safe for concurrent use
// when its reader of randomness is.
type Gate struct {
	secret []byte
	random io.Reader
}

// NewGate returns a gate. With a nil secret it draws one from random; several
// processes behind one address should be given the same, at least 16 bytes,
// or a client can tell unknown users by their salts. A nil random is
// crypto/rand.
func NewGate(secret []byte, random io.Reader) (*Gate, error) {
	g := &Gate{secret: secret, random: orCryptoRand(random)}
	if secret == nil {
		g.secret = make([]byte, 32)
		if _, err := io.ReadFull(g.random, g.secret); err != nil {
			return nil, fmt.Errorf("process secret: %w", err)
		}
	}
	if len(g.secret) < 16 {
		return nil, fmt.Errorf("process secret: %d bytes are too few, want at least 16", len(g.secret))
	}
	return g, nil
}

// Begin decides what v is asked for and returns the conversation, or the
// refusal of a client that need not be asked. Exactly one of them is not nil.
func (g *Gate) Begin(v Visit) (Exchange, *pgerror.Error) {
	ask := Decide(v.Method, v.Secret.kind, v.Line)
	switch ask {
	case AskSCRAM, MockSCRAM:
		return g.scram(v, ask == MockSCRAM)
	case AskMD5, MockMD5:
		return g.md5(v, ask == MockMD5)
	case AskPlain, MockPlain:
		return g.plain(v, ask == MockPlain)
	case AskCert:
		if !NamesUser(v.CertNames, v.User) {
			return nil, certRefusal(v.User)
		}
		return admitted{v.Secret}, nil
	case Admit:
		return admitted{v.Secret}, nil
	}
	return nil, refusal(v.Method, v.Line, v.User)
}

// salt is the salt of every verifier that is not stored: the mock of an
// unknown user and the one derived from a stored password. Being the same
// function for both, it betrays neither, also when a reload adds the user.
func (g *Gate) salt(user string) []byte {
	h := hmac.New(sha256.New, g.secret)
	h.Write([]byte(user))
	return h.Sum(nil)[:saltLen]
}

// admitted is the conversation with a client of whom nothing is asked.
type admitted struct{ secret Secret }

func (a admitted) Start() ([]byte, bool) { return nil, true }

func (a admitted) Continue([]byte) ([]byte, bool, *pgerror.Error) { return nil, false, errOver() }

func (a admitted) Credential() *Credential { return a.secret.Credential() }

// errWrongPassword is the one answer to wrong passwords and unknown users.
func errWrongPassword(user string) *pgerror.Error {
	return pgerror.Fatalf(pgerror.InvalidPassword, "password authentication failed for user \"%s\"", user)
}

func errOver() *pgerror.Error {
	return pgerror.Fatal(pgerror.ProtocolViolation, "unexpected password message: authentication is over")
}

func errTooLong() *pgerror.Error {
	return pgerror.Fatal(pgerror.ProtocolViolation, "invalid message length")
}

func errRandom() *pgerror.Error {
	return pgerror.Fatal(pgerror.InternalError, "could not generate random numbers")
}
