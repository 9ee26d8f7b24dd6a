package auth

import "testing"

// BenchmarkSCRAMVerify is what one client's login costs wye when a verifier is
// stored: both messages of the client, without the client's own work.
func BenchmarkSCRAMVerify(b *testing.B) {
	v, err := NewVerifier("pencil", DefaultIterations, []byte("0123456789abcdef"))
	if err != nil {
		b.Fatal(err)
	}
	benchmarkExchange(b, secretOf(b, v.String()), true)
}

// BenchmarkSCRAMMock is the same for a user who does not exist.
func BenchmarkSCRAMMock(b *testing.B) { benchmarkExchange(b, Secret{}, false) }

// benchmarkExchange replays one client's answers: the gate draws the same
// nonce every time.
func benchmarkExchange(b *testing.B, secret Secret, succeeds bool) {
	b.ReportAllocs()
	g, err := NewGate(make([]byte, 16), zeros{})
	if err != nil {
		b.Fatal(err)
	}
	visit := Visit{User: "app", Secret: secret, Method: MethodSCRAM}
	l := NewLogin("app", PasswordCredential("pencil"), LoginOptions{})
	x, _ := g.Begin(visit)
	r, _ := x.Start()
	first, _, _ := l.Step(r)
	r, _, _ = x.Continue(first)
	final, _, loginErr := l.Step(r)
	if loginErr != nil {
		b.Fatal(loginErr)
	}
	for b.Loop() {
		x, _ := g.Begin(visit)
		x.Start()
		x.Continue(first)
		_, done, _ := x.Continue(final)
		if done != succeeds {
			b.Fatal("the exchange took a wrong turn")
		}
	}
}

// BenchmarkPlainStored is SCRAM against a stored password, which must not cost
// PBKDF2 per login either.
func BenchmarkPlainStored(b *testing.B) { benchmarkExchange(b, secretOf(b, "pencil"), true) }

// BenchmarkServerLogin is a reconnect to a server, keys remembered.
func BenchmarkServerLogin(b *testing.B) {
	b.ReportAllocs()
	g := newGate(b)
	secret := secretOf(b, "pencil")
	c := PasswordCredential("pencil")
	for b.Loop() {
		x, _ := g.Begin(Visit{User: "app", Secret: secret, Method: MethodSCRAM})
		if err := talk(x, NewLogin("app", c, LoginOptions{})); err != nil {
			b.Fatal(err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
