package auth

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// The example of RFC 7677, section 3: user "user", password "pencil".
const (
	rfcClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
	rfcServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	rfcClientFinal = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	rfcServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)

func TestRFC7677Server(t *testing.T) {
	first, err := parseClientFirst([]byte(rfcClientFirst), false, false)
	if err != nil || string(first.nonce) != "rOprNGfwEbeRWgbNEkqO" {
		t.Fatalf("client-first: %+v, %v", first, err)
	}
	// The RFC's server nonce is not base64, so the state after it is set.
	x := &scramExchange{user: "user", verifier: secretOf(t, pencilVerifier).Verifier(), step: scramFinal, flag: first.flag}
	x.message = []byte(string(first.bare) + "," + rfcServerFirst)
	x.nonce = []byte(rfcServerFirst[2:strings.IndexByte(rfcServerFirst, ',')])
	request, done, err := x.Continue([]byte(rfcClientFinal))
	if err != nil || !done || string(request) != "\x00\x00\x00\x0c"+rfcServerFinal {
		t.Errorf("answer %q, %v, %v", request, done, err)
	}
}

func TestRFC7677Client(t *testing.T) {
	s := clientScram{nonce: "rOprNGfwEbeRWgbNEkqO", cbind: "biws", message: []byte(rfcClientFirst[3:])}
	c := PasswordCredential("pencil")
	final, err := s.prove([]byte(rfcServerFirst), c)
	if err != nil || string(final) != rfcClientFinal {
		t.Fatalf("client-final %q, %v", final, err)
	}
	l := &Login{credential: c, step: loginFinalSent, scram: s}
	check(t, l.checkServer([]byte(rfcServerFinal)))
}

// RFC 5802's example is of SCRAM-SHA-1: its messages parse, its keys are not ours.
func TestRFC5802Messages(t *testing.T) {
	first, err := parseClientFirst([]byte("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"), false, true)
	if err != nil || string(first.nonce) != "fyko+d2lbbFgONRv9qkxdawL" || string(first.bare) != "n=user,r=fyko+d2lbbFgONRv9qkxdawL" {
		t.Errorf("client-first: %+v, %v", first, err)
	}
	m, goErr := parseServerFirst([]byte("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"), "fyko+d2lbbFgONRv9qkxdawL")
	if goErr != nil || m.iterations != 4096 || base64.StdEncoding.EncodeToString(m.salt) != "QSXCR+Q6sek8bf92" {
		t.Errorf("server-first: %+v, %v", m, goErr)
	}
	_, err = parseClientFinal([]byte("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="))
	if err == nil || err.Detail != "Malformed proof in client-final-message." {
		t.Errorf("a proof of 20 bytes: %v", err)
	}
}

// An unknown user looks like one with a wrong password: same requests, salt
// that stays, same refusal; and the salt of a stored password is that of the
// mock, so that adding the user shows nothing.
func TestUnknownUserLooksKnown(t *testing.T) {
	g := newGate(t)
	salt := func(s Secret) (string, *pgerror.Error) {
		x, _ := g.Begin(Visit{User: "app", Secret: s, Method: MethodSCRAM})
		x.Start()
		r, _, _ := x.Continue([]byte(saslInitial("SCRAM-SHA-256", "n,,n=,r=abc")))
		nonce, rest, _ := strings.Cut(string(r[6:]), ",")
		_, done, err := x.Continue([]byte("c=biws,r=" + nonce + ",p=" + someProof))
		if done || x.Credential() != nil {
			t.Fatal("let in")
		}
		return rest, err
	}
	unknown, err1 := salt(Secret{})
	again, _ := salt(Secret{})
	known, err2 := salt(secretOf(t, "pencil"))
	if unknown != again || unknown != known || !strings.HasSuffix(unknown, ",i=4096") || len(unknown) != len("s=0123456789012345678901==,i=4096") {
		t.Errorf("salts %q, %q, %q", unknown, again, known)
	}
	if err1 == nil || err2 == nil || *err1 != *err2 || err1.Code != "28P01" {
		t.Errorf("refusals %v, %v", err1, err2)
	}
	other, err := NewGate(bytes.Repeat([]byte{7}, 16), nil)
	check(t, err)
	if bytes.Equal(other.salt("app"), g.salt("app")) || bytes.Equal(g.salt("app"), g.salt("apq")) {
		t.Error("the salt does not depend on secret and user")
	}
}

// A mock fails even if someone finds a proof for its keys.
func TestMockIsDoomed(t *testing.T) {
	k, err := deriveKeys("pencil", []byte("s"), 1)
	check(t, err)
	x := &scramExchange{doomed: true, verifier: k.verifier()}
	var signature [keyLen]byte
	hmacSHA256(&signature, x.verifier.StoredKey[:], x.message)
	proof := xorKeys(&k.ClientKey, &signature)
	if x.proved(&proof) {
		t.Error("a doomed exchange succeeded")
	}
	x.doomed = false
	if !x.proved(&proof) {
		t.Error("the proof is not the right one")
	}
}

// After its end, good or bad, an exchange takes nothing more.
func TestExchangeIsOver(t *testing.T) {
	g := newGate(t)
	for _, v := range []Visit{
		{Method: MethodSCRAM}, {Method: MethodMD5}, {Method: MethodPlain, Line: Line{TLS: true}},
		{Method: MethodTrust, Line: Line{Unix: true}, Secret: NoPassword()},
	} {
		x, _ := g.Begin(v)
		x.Start()
		x.Continue([]byte("nonsense"))
		if r, done, err := x.Continue([]byte("nonsense\x00")); r != nil || done || err == nil || !err.IsFatal() {
			t.Errorf("%s goes on: %q, %v, %v", v.Method, r, done, err)
		}
		x, _ = g.Begin(v)
		if _, done, err := x.Continue(make([]byte, MaxMessage+1)); done || err == nil {
			t.Errorf("%s takes a message of any length", v.Method)
		}
	}
}

func TestPasswordMessage(t *testing.T) {
	for p, code := range map[string]string{"": "08P01", "pencil": "08P01", "pencil\x00\x00": "08P01", "a\x00b\x00": "08P01", "\x00": "28P01", "pencil\x00": ""} {
		text, err := passwordOf([]byte(p))
		if code == "" && (err != nil || string(text) != "pencil") || code != "" && (err == nil || err.Code != code) {
			t.Errorf("%q: %q, %v", p, text, err)
		}
	}
}
