package auth

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Require is the weakest proof that a server may ask of us (libpq's
// require_auth as a threshold). A server that asks for less is refused: one in
// the middle would ask for less, too.
type Require uint8

const (
	RequireAny   Require = iota // also none at all: the server trusts us
	RequirePlain                // some password
	RequireMD5                  // an MD5 answer or better
	RequireSCRAM
)

var requireNames = [...]string{"none", "password", "md5", "scram-sha-256"}

func (r Require) String() string { return requireNames[r] }

// ParseRequire reads a threshold by libpq's name of the method.
func ParseRequire(name string) (Require, error) {
	if i := slices.Index(requireNames[:], name); i >= 0 {
		return Require(i), nil
	}
	return RequireSCRAM, fmt.Errorf("unknown method %q: want none, password, md5 or scram-sha-256", name)
}

// ChannelBinding says whether SCRAM towards a server is bound to its
// certificate, with libpq's meanings.
type ChannelBinding uint8

const (
	BindingPrefer ChannelBinding = iota
	BindingDisable
	BindingRequire
)

// LoginOptions are the terms of a Login. The zero value takes SCRAM, MD5 and
// no question at all, and shows no password on an open line.
type LoginOptions struct {
	Require        Require
	TLS            bool   // the connection is encrypted
	AllowCleartext bool   // show the password without TLS, say over a Unix socket
	Binding        []byte // EndpointHash of the server's certificate, nil = none
	ChannelBinding ChannelBinding
	Random         io.Reader // nil = crypto/rand
}

// Reasons to break off a login because the server cannot be believed.
var (
	ErrWeakMethod = errors.New("the server asks for a weaker proof than this configuration requires")
	ErrUnproven   = errors.New("the server says that we are in before it has proved that it knows the password")
	ErrSignature  = errors.New("the server's SCRAM signature is wrong: it does not know the password")
	ErrUnbound    = errors.New("channel binding is required, and the server did not take part in it")
	ErrCleartext  = errors.New("the server asks for a cleartext password on an unencrypted connection")
)

type loginStep uint8

const (
	loginBegin      loginStep = iota
	loginAnswered             // password or MD5 answer sent; only AuthenticationOk may follow
	loginFirstSent            // client-first sent
	loginFinalSent            // proof sent
	loginServerGood           // the server's signature was right
	loginDone
	loginDead
)

// Login is the conversation by which wye proves itself to one server. It
// belongs to one goroutine. Errors are peer errors, in words for the log:
// they hold no secret and at most a few cleaned characters of the server's.
type Login struct {
	user       string
	credential *Credential
	o          LoginOptions

	step  loginStep
	bound bool // the exchange runs, or ran, as SCRAM-SHA-256-PLUS
	scram clientScram
}

// NewLogin returns the login of user. The credential may be nil for servers
// that ask for nothing (certificates, trust).
func NewLogin(user string, c *Credential, o LoginOptions) *Login {
	o.Random = orCryptoRand(o.Random)
	return &Login{user: user, credential: c, o: o}
}

// Step takes the body of an 'R' message and returns the body of the 'p'
// message to send, nil when there is none. It keeps neither. When done is
// true the server has let us in. After an error the connection is to be
// closed; whatever the server sent is not to be shown to clients.
func (l *Login) Step(r []byte) (p []byte, done bool, err error) {
	step := l.step
	l.step = loginDead // until this message proves good
	if len(r) < 4 || len(r) > MaxMessage {
		return nil, false, fmt.Errorf("authentication request of %d bytes", len(r))
	}
	kind, body := binary.BigEndian.Uint32(r), r[4:]
	switch {
	case kind == authOK && len(body) == 0:
		err = l.accepted(step)
		return nil, err == nil, err
	case kind == authClear && len(body) == 0 && step == loginBegin:
		p, err = l.answerClear()
	case kind == authMD5 && len(body) == 4 && step == loginBegin:
		p, err = l.answerMD5([4]byte(body))
	case kind == authSASL && step == loginBegin:
		p, err = l.answerSASL(body)
	case kind == authSASLContinue && step == loginFirstSent:
		p, err = l.proof(body)
	case kind == authSASLFinal && step == loginFinalSent:
		err = l.checkServer(body)
	case kind == authClear || kind == authMD5 || kind >= authSASL && kind <= authSASLFinal || kind == authOK:
		err = fmt.Errorf("authentication request %d is malformed or out of order", kind)
	default:
		// Kerberos, GSS, SSPI and whatever comes: no answer is the safe one.
		err = fmt.Errorf("authentication request %d is not supported", kind)
	}
	return p, false, err
}

// accepted judges AuthenticationOk by what happened before it.
func (l *Login) accepted(step loginStep) error {
	switch {
	case step == loginFirstSent || step == loginFinalSent:
		return ErrUnproven
	case step == loginDone || step == loginDead:
		return errors.New("authentication request after the end of authentication")
	case step == loginBegin && l.o.Require > RequireAny:
		return fmt.Errorf("%w: none, want %s", ErrWeakMethod, l.o.Require)
	case l.o.ChannelBinding == BindingRequire && !(step == loginServerGood && l.bound):
		return ErrUnbound
	}
	l.step = loginDone
	return nil
}

// allow refuses methods below the threshold before anything is revealed.
func (l *Login) allow(strength Require) error {
	if strength < l.o.Require {
		return fmt.Errorf("%w: %s, want %s", ErrWeakMethod, strength, l.o.Require)
	}
	if l.o.ChannelBinding == BindingRequire && strength < RequireSCRAM {
		return ErrUnbound
	}
	return nil
}

func (l *Login) answerClear() ([]byte, error) {
	if err := l.allow(RequirePlain); err != nil {
		return nil, err
	}
	if !l.o.TLS && !l.o.AllowCleartext {
		return nil, ErrCleartext
	}
	password, err := l.credential.clear()
	if err != nil {
		return nil, err
	}
	l.step = loginAnswered
	return append([]byte(password), 0), nil
}

func (l *Login) answerMD5(challenge [4]byte) ([]byte, error) {
	if err := l.allow(RequireMD5); err != nil {
		return nil, err
	}
	hash, err := l.credential.md5Hash(l.user)
	if err != nil {
		return nil, err
	}
	l.step = loginAnswered
	return append([]byte(answerMD5(hash, challenge)), 0), nil
}

// proof answers the server's salt.
func (l *Login) proof(serverFirst []byte) ([]byte, error) {
	p, err := l.scram.prove(serverFirst, l.credential)
	if err == nil {
		l.step = loginFinalSent
	}
	return p, err
}

// checkServer verifies the server's signature, and only then lets the
// credential keep the keys: a stranger's salts are not worth remembering.
func (l *Login) checkServer(serverFinal []byte) error {
	signature, err := parseServerFinal(serverFinal)
	if err != nil {
		return err
	}
	var want [keyLen]byte
	hmacSHA256(&want, l.scram.keys.ServerKey[:], l.scram.message)
	if subtle.ConstantTimeCompare(want[:], signature[:]) != 1 {
		return ErrSignature
	}
	if l.scram.fresh {
		l.credential.remember(l.scram.keys)
	}
	l.step = loginServerGood
	return nil
}
