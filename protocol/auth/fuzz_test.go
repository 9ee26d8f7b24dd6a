package auth

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// What parses prints, and what was printed parses to the same.
func FuzzParseSecret(f *testing.F) {
	for _, s := range []string{pencilVerifier, "pencil", hashMD5("pencil", "app"), "SCRAM-SHA-256$1:$:", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSecret(text)
		if (err != nil) != (s.Kind() == KindUnknown) {
			t.Fatalf("%q: %s and %v", text, s.Kind(), err)
		}
		if v := s.Verifier(); v != nil {
			again, err := ParseSecret(v.String())
			if err != nil || again.Verifier().String() != v.String() {
				t.Errorf("%q prints as %q, which is %v", text, v, err)
			}
		}
	})
}

// Text stays text, and ASCII stays as it is.
func FuzzSASLPrep(f *testing.F) {
	for _, s := range []string{"pencil", "I\u00ADX", "a\u0301\u0323", "\u0627\u00ad1\u0628", "\xff", "\u1107\u1175\u11af"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, password string) {
		once := saslPrep(password)
		if utf8.ValidString(password) != utf8.ValidString(once) {
			t.Errorf("%+q becomes %+q", password, once)
		}
		if isASCII(password) && once != password {
			t.Errorf("%q becomes %q", password, once)
		}
	})
}

// No bytes from a client let it in, panic, or get an error that is not FATAL.
func FuzzExchange(f *testing.F) {
	for _, m := range scramMisuse {
		f.Add(m.first, m.final)
	}
	f.Add(saslInitial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc"), "c=,r=,p=")
	f.Add("md50123456789abcdef0123456789abcdef\x00", "")
	f.Add("password\x00", "x\x00")
	g := newGate(f)
	verifier := verifierOf(f, "a password nobody guesses", "salt")
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, v := range []Visit{
			{Method: MethodSCRAM, Secret: verifier},
			{Method: MethodSCRAM, Secret: verifier, Line: Line{TLS: true}, Binding: []byte("hash")},
			{Method: MethodSCRAM},
			{Method: MethodMD5},
			{Method: MethodPlain, Secret: verifier, Line: Line{TLS: true}},
		} {
			x, refusal := g.Begin(v)
			if refusal != nil {
				t.Fatal(refusal)
			}
			x.Start()
			for _, p := range []string{first, second, "n,,n=,r=abc"} {
				r, done, err := x.Continue([]byte(p))
				if done || x.Credential() != nil {
					t.Fatalf("%s: let in by %q and %q", v.Method, first, second)
				}
				if err != nil {
					checkRefusal(t, err)
					break
				}
				if len(r) < 4 || len(r) > 2*MaxMessage {
					t.Fatalf("%s: answers %q", v.Method, r)
				}
			}
		}
	})
}

func checkRefusal(t *testing.T, err *pgerror.Error) {
	t.Helper()
	shown := err.Message + err.Detail
	if !err.IsFatal() || len(err.Code) != 5 || err.Message == "" || len(shown) > 300 {
		t.Fatalf("refused with %+v", err)
	}
	if i := strings.IndexFunc(shown, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
		t.Fatalf("the refusal repeats unclean bytes: %q", shown)
	}
}

// No bytes from a server make us believe it, panic, or send the password in
// the open. The server may know our nonce, and put it where it says %n.
func FuzzLogin(f *testing.F) {
	f.Add("\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00", "\x00\x00\x00\x0br=%nX,s=c2FsdA==,i=1", "\x00\x00\x00\x0cv="+someProof)
	f.Add("\x00\x00\x00\x0aSCRAM-SHA-256-PLUS\x00SCRAM-SHA-256\x00\x00", "\x00\x00\x00\x0be=x", "\x00\x00\x00\x00")
	f.Add("\x00\x00\x00\x05salt", "\x00\x00\x00\x00", "")
	f.Add("\x00\x00\x00\x03", "\x00\x00\x00\x03", "\x00\x00\x00\x07")
	f.Fuzz(func(t *testing.T, one, two, three string) {
		// A count of rounds under the cap is honest work, and slow fuzzing.
		if i := strings.LastIndex(two, ",i="); i >= 0 && len(two)-i > len(",i=99") {
			return
		}
		for _, o := range []LoginOptions{
			{Require: RequireSCRAM},
			{Require: RequireSCRAM, TLS: true, Binding: []byte("hash"), ChannelBinding: BindingRequire},
		} {
			l := NewLogin("app", PasswordCredential("a password nobody guesses"), o)
			for _, r := range []string{one, two, three} {
				p, done, err := l.Step([]byte(strings.ReplaceAll(r, "%n", l.scram.nonce)))
				if done || strings.Contains(string(p), "nobody guesses") {
					t.Fatalf("%+v: believed %q, %q, %q", o, one, two, three)
				}
				if err != nil {
					break
				}
			}
		}
	})
}
