package auth

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

const pencilVerifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

func TestParseSecret(t *testing.T) {
	hash := hashMD5("pencil", "app")
	for text, want := range map[string]Kind{
		pencilVerifier:                    KindSCRAM,
		hash:                              KindMD5,
		"pencil":                          KindPlain,
		strings.ToUpper(hash):             KindPlain, // as in PostgreSQL: only lower case is a hash
		"md5" + strings.Repeat("a", 31):   KindPlain,
		"md5" + strings.Repeat("g", 32):   KindPlain,
		"SCRAM-SHA-256 is what I like":    KindPlain,
		strings.Repeat("x", MaxMessage-1): KindPlain,
	} {
		s, err := ParseSecret(text)
		if err != nil || s.Kind() != want {
			t.Errorf("%.60q is %s, %v; want %s", text, s.Kind(), err, want)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s", s, s, s, s); shown != "*** *** *** ***" {
			t.Errorf("a %s secret prints as %s", want, shown)
		}
		if shown := fmt.Sprintf("%+v", struct{ private Secret }{s}); len(text) < 100 && strings.Contains(shown, text) {
			t.Errorf("a %s secret in a private field prints as %s", want, shown)
		}
	}
	b64key := strings.Repeat("A", 43) + "="
	for _, text := range []string{
		"", "a\x00b", strings.Repeat("x", MaxMessage),
		"SCRAM-SHA-256$", "SCRAM-SHA-256$4096:", "SCRAM-SHA-256$4096:c2FsdA==$", "SCRAM-SHA-256$4096:c2FsdA==$" + b64key,
		"SCRAM-SHA-256$0:c2FsdA==$" + b64key + ":" + b64key,
		"SCRAM-SHA-256$-1:c2FsdA==$" + b64key + ":" + b64key,
		"SCRAM-SHA-256$+1:c2FsdA==$" + b64key + ":" + b64key,
		"SCRAM-SHA-256$:c2FsdA==$" + b64key + ":" + b64key,
		"SCRAM-SHA-256$1000001:c2FsdA==$" + b64key + ":" + b64key,
		"SCRAM-SHA-256$4294967297:c2FsdA==$" + b64key + ":" + b64key,
		"SCRAM-SHA-256$4096:$" + b64key + ":" + b64key,
		"SCRAM-SHA-256$4096:c2FsdA=$" + b64key + ":" + b64key,
		"SCRAM-SHA-256$4096:c2FsdA==$" + b64key[1:] + ":" + b64key,
		"SCRAM-SHA-256$4096:c2FsdA==$" + b64key + ":" + b64key + "x",
		"SCRAM-SHA-256$4096:c2FsdA==$" + b64key + ":" + strings.Repeat("A", 44),
		"SCRAM-SHA-256$4096:c2FsdA==$" + b64key + ":" + strings.Repeat("\n", 44),
	} {
		s, err := ParseSecret(text)
		if err == nil || s.Kind() != KindUnknown {
			t.Errorf("%.80q passes as %s", text, s.Kind())
		} else if len(text) > 20 && strings.Contains(err.Error(), text[20:]) {
			t.Errorf("the error quotes the secret: %v", err)
		}
	}
}

func TestVerifierRoundTrip(t *testing.T) {
	v, err := parseVerifier(pencilVerifier)
	check(t, err)
	if v.String() != pencilVerifier {
		t.Errorf("reads back as %s", v)
	}
	again, err := NewVerifier("pencil", v.Iterations, v.Salt)
	check(t, err)
	if again.String() != pencilVerifier { // salt and password of RFC 7677
		t.Errorf("derived %s", again)
	}
	for _, n := range []int{0, -1, MaxIterations + 1} {
		if _, err := NewVerifier("pencil", n, v.Salt); err == nil {
			t.Errorf("%d iterations are accepted", n)
		}
	}
	if _, err := NewVerifier("pencil", 1, nil); err == nil {
		t.Error("an empty salt is accepted")
	}
}

func TestHashPassword(t *testing.T) {
	one, err := HashPassword("pencil", nil)
	check(t, err)
	two, err := HashPassword("pencil", nil)
	check(t, err)
	if one == two {
		t.Error("two hashes have the same salt")
	}
	v, err := parseVerifier(one)
	check(t, err)
	if v.Iterations != 4096 || len(v.Salt) != 16 {
		t.Errorf("%d iterations, %d bytes of salt", v.Iterations, len(v.Salt))
	}
	g := newGate(t)
	x, _ := g.Begin(Visit{User: "app", Secret: secretOf(t, one), Method: MethodSCRAM})
	check(t, talk(x, NewLogin("app", PasswordCredential("pencil"), LoginOptions{})))
	for _, bad := range []string{"", "a\x00"} {
		if text, err := HashPassword(bad, nil); err == nil {
			t.Errorf("%q has the hash %s", bad, text)
		}
	}
	if _, err := HashPassword("pencil", strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without randomness: %v", err)
	}
}
