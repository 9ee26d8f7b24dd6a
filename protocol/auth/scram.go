package auth

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"io"
	"strconv"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

const (
	mechanism     = "SCRAM-SHA-256"
	mechanismPlus = "SCRAM-SHA-256-PLUS"

	nonceLen = 18 // bytes before base64, PostgreSQL's SCRAM_RAW_NONCE_LEN
)

type scramStep uint8

const (
	scramMechanism scramStep = iota // waiting for SASLInitialResponse
	scramFirst                      // it had no message inside: waiting for client-first
	scramFinal                      // waiting for client-final
	scramProved
	scramDead
)

// scramExchange is the server side of SCRAM (RFC 5802).
type scramExchange struct {
	user     string
	secret   Secret
	verifier *Verifier
	doomed   bool // a mock: fails whatever the proof
	binding  []byte
	random   io.Reader

	step        scramStep
	plus        bool
	flag        byte
	clientNonce int    // length of the client's part of nonce
	nonce       []byte // aliases message
	message     []byte // AuthMessage, as far as it is known
	clientKey   [keyLen]byte
}

func (g *Gate) scram(v Visit, mock bool) (Exchange, *pgerror.Error) {
	x := &scramExchange{user: v.User, secret: v.Secret, doomed: mock, random: g.random}
	if v.Line.TLS {
		x.binding = v.Binding
	}
	if mock {
		x.verifier = &Verifier{Salt: g.salt(v.User), Iterations: DefaultIterations}
		return x, nil
	}
	var err error
	x.verifier, err = v.Secret.scramVerifier(func() []byte { return g.salt(v.User) })
	if err != nil || x.verifier == nil {
		return nil, pgerror.Fatalf(pgerror.InternalError, "could not derive the SCRAM verifier of user \"%s\"", v.User)
	}
	return x, nil
}

// Start offers the mechanisms, the stronger first.
func (x *scramExchange) Start() ([]byte, bool) {
	request := binary.BigEndian.AppendUint32(make([]byte, 0, 48), authSASL)
	if x.binding != nil {
		request = append(request, mechanismPlus+"\x00"...)
	}
	return append(request, mechanism+"\x00\x00"...), false
}

func (x *scramExchange) Continue(p []byte) ([]byte, bool, *pgerror.Error) {
	step := x.step
	x.step = scramDead // until this message proves good
	if len(p) > MaxMessage {
		return nil, false, errTooLong()
	}
	switch step {
	case scramMechanism:
		message, present, err := x.choose(p)
		if err != nil {
			return nil, false, err
		}
		if !present {
			x.step = scramFirst
			return binary.BigEndian.AppendUint32(nil, authSASLContinue), false, nil
		}
		request, err := x.first(message)
		return request, false, err
	case scramFirst:
		request, err := x.first(p)
		return request, false, err
	case scramFinal:
		request, err := x.final(p)
		return request, err == nil, err
	}
	return nil, false, errOver()
}

// choose reads SASLInitialResponse: a mechanism, and perhaps the first message.
func (x *scramExchange) choose(p []byte) (message []byte, present bool, err *pgerror.Error) {
	name, rest, ok := bytes.Cut(p, []byte{0})
	if !ok {
		return nil, false, pgerror.Fatal(pgerror.ProtocolViolation, "invalid string in message")
	}
	switch {
	case string(name) == mechanismPlus && x.binding != nil:
		x.plus = true
	case string(name) == mechanism:
	default:
		return nil, false, pgerror.Fatal(pgerror.ProtocolViolation, "client selected an invalid SASL authentication mechanism")
	}
	if len(rest) < 4 {
		return nil, false, pgerror.Fatal(pgerror.ProtocolViolation, "insufficient data left in message")
	}
	size, rest := int64(int32(binary.BigEndian.Uint32(rest))), rest[4:]
	switch {
	case size == -1 && len(rest) == 0:
		return nil, false, nil
	case size < -1 || size > int64(len(rest)):
		return nil, false, pgerror.Fatal(pgerror.ProtocolViolation, "insufficient data left in message")
	case size != int64(len(rest)):
		return nil, false, pgerror.Fatal(pgerror.ProtocolViolation, "invalid message format")
	}
	return rest, true, nil
}

// first reads client-first and answers with nonce, salt and iteration count.
func (x *scramExchange) first(message []byte) ([]byte, *pgerror.Error) {
	if err := checkText(message); err != nil {
		return nil, err
	}
	m, err := parseClientFirst(message, x.plus, x.binding != nil)
	if err != nil {
		return nil, err
	}
	var raw [nonceLen]byte
	if _, err := io.ReadFull(x.random, raw[:]); err != nil {
		return nil, errRandom()
	}
	x.flag, x.clientNonce = m.flag, len(m.nonce)

	// One buffer holds AuthMessage; the answer is a copy of its middle.
	b := make([]byte, 0, 2*len(m.bare)+len(m.nonce)+len(x.verifier.Salt)*2+192)
	b = append(append(b, m.bare...), ',')
	begin := len(b)
	b = append(append(b, "r="...), m.nonce...)
	b = base64.StdEncoding.AppendEncode(b, raw[:])
	x.nonce = b[begin+2:]
	b = base64.StdEncoding.AppendEncode(append(b, ",s="...), x.verifier.Salt)
	b = strconv.AppendInt(append(b, ",i="...), int64(x.verifier.Iterations), 10)
	x.message = b
	x.step = scramFinal

	request := make([]byte, 4, 4+len(b)-begin)
	binary.BigEndian.PutUint32(request, authSASLContinue)
	return append(request, b[begin:]...), nil
}

// final checks the proof and answers with the server's signature.
func (x *scramExchange) final(message []byte) ([]byte, *pgerror.Error) {
	if err := checkText(message); err != nil {
		return nil, err
	}
	m, err := parseClientFinal(message)
	if err != nil {
		return nil, err
	}
	if err := x.checkBinding(m.binding); err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(m.nonce, x.nonce) != 1 {
		return nil, pgerror.Fatal(pgerror.ProtocolViolation, "invalid SCRAM response").WithDetail("Nonce does not match.")
	}
	x.message = append(append(x.message, ','), m.withoutProof...)
	if !x.proved(&m.proof) {
		return nil, errWrongPassword(x.user)
	}
	x.step = scramProved

	var signature [keyLen]byte
	hmacSHA256(&signature, x.verifier.ServerKey[:], x.message)
	request := binary.BigEndian.AppendUint32(make([]byte, 0, 64), authSASLFinal)
	return base64.StdEncoding.AppendEncode(append(request, "v="...), signature[:]), nil
}

// checkBinding compares the c= attribute with the connection's own end: a
// proof relayed through another TLS server carries another hash.
func (x *scramExchange) checkBinding(c []byte) *pgerror.Error {
	if x.plus {
		if subtle.ConstantTimeCompare(c, []byte(bindingInput(x.binding))) != 1 {
			return pgerror.Fatal(pgerror.InvalidAuthorization, "SCRAM channel binding check failed")
		}
		return nil
	}
	if x.flag == 'n' && string(c) == "biws" || x.flag == 'y' && string(c) == "eSws" { // "n,,", "y,,"
		return nil
	}
	return pgerror.Fatal(pgerror.ProtocolViolation, "unexpected SCRAM channel-binding attribute in client-final-message")
}

// proved recovers the client's key from the proof and compares its hash. A
// mock computes the same and fails afterwards, so that it takes as long.
func (x *scramExchange) proved(proof *[keyLen]byte) bool {
	var signature [keyLen]byte
	hmacSHA256(&signature, x.verifier.StoredKey[:], x.message)
	key := xorKeys(proof, &signature)
	stored := sha256.Sum256(key[:])
	if subtle.ConstantTimeCompare(stored[:], x.verifier.StoredKey[:]) != 1 || x.doomed {
		return false
	}
	x.clientKey = key
	return true
}

// Credential is the stored password, if there is one, or else the keys that
// open every server with the verifier the client proved itself against.
func (x *scramExchange) Credential() *Credential {
	if x.step != scramProved {
		return nil
	}
	if x.secret.kind == KindPlain {
		return x.secret.Credential()
	}
	return KeysCredential(Keys{
		Salt: x.verifier.Salt, Iterations: x.verifier.Iterations,
		ClientKey: x.clientKey, ServerKey: x.verifier.ServerKey,
	})
}

func checkText(message []byte) *pgerror.Error {
	if len(message) == 0 {
		return malformed("The message is empty.")
	}
	if bytes.IndexByte(message, 0) >= 0 {
		return malformed("Message length does not match input length.")
	}
	return nil
}
