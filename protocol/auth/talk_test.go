package auth

import (
	"errors"
	"testing"
)

func newGate(t testing.TB) *Gate {
	t.Helper()
	g, err := NewGate([]byte("a process secret of the tests"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func secretOf(t testing.TB, text string) Secret {
	t.Helper()
	s, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verifierOf returns a stored verifier of password, with the fewest rounds.
func verifierOf(t testing.TB, password string, salt string) Secret {
	t.Helper()
	v, err := NewVerifier(password, 1, []byte(salt))
	if err != nil {
		t.Fatal(err)
	}
	return secretOf(t, v.String())
}

// talk lets our client side log in at our server side. It returns the first
// error of either.
func talk(x Exchange, l *Login) error {
	r, in := x.Start()
	for range 8 {
		if r != nil {
			p, done, err := l.Step(r)
			if err != nil || done {
				return errors.Join(err, errors.New("the login ended before the exchange"))
			}
			if in {
				break
			}
			next, done, refusal := x.Continue(p)
			if refusal != nil {
				return refusal
			}
			r, in = next, done
			continue
		}
		if in {
			break
		}
		return errors.New("the exchange has nothing more to say")
	}
	p, done, err := l.Step(OK)
	if err == nil && (!done || p != nil) {
		return errors.New("AuthenticationOk did not end the login")
	}
	return err
}
