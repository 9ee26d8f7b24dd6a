package auth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// lines are all the ways to reach wye, also the impossible ones.
func lines() (all []Line) {
	for bits := range 16 {
		all = append(all, Line{Unix: bits&1 != 0, Loopback: bits&2 != 0, TLS: bits&4 != 0, Cert: bits&8 != 0})
	}
	return all
}

func (l Line) name() string {
	var parts []string
	for name, on := range map[string]bool{"unix": l.Unix, "loopback": l.Loopback, "tls": l.TLS, "cert": l.Cert} {
		if on {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, "+")
}

// The whole table, written a second time as rules that read like the manual.
func TestDecide(t *testing.T) {
	const secret = "plain md5 scram" // the kinds that hold a password
	for _, l := range lines() {
		for m := Method(0); m < 8; m++ {
			for k := Kind(0); k <= KindSCRAM; k++ {
				want, private, here := "refuse", l.TLS || l.Unix, l.Loopback || l.Unix
				holds := strings.Contains(secret, k.String())
				switch {
				case m == MethodSCRAM && (k == KindPlain || k == KindSCRAM):
					want = "scram"
				case m == MethodSCRAM:
					want = "mock scram"
				case m == MethodMD5 && k == KindSCRAM:
					want = "scram"
				case m == MethodMD5 && holds:
					want = "md5"
				case m == MethodMD5:
					want = "mock md5"
				case m == MethodPlain && private && holds:
					want = "plain"
				case m == MethodPlain && private:
					want = "mock plain"
				case m == MethodCert && l.TLS && l.Cert && k != KindUnknown:
					want = "cert"
				case m == MethodTrust && here && k != KindUnknown:
					want = "admit"
				}
				if got := Decide(m, k, l); got.String() != want {
					t.Errorf("method %d, %s secret, line %q: %s, want %s", m, k, l.name(), got, want)
				}
			}
			if got := Decide(m, KindSCRAM+1, l); got != Refuse {
				t.Errorf("method %d, a kind out of range: %s", m, got)
			}
		}
	}
}

// Whatever the table says, Begin never lets in a client that it should not:
// each visit either starts a conversation, ends in a FATAL refusal, or is one
// of the two methods that ask for nothing.
func TestBeginFollowsDecide(t *testing.T) {
	g := newGate(t)
	secrets := []Secret{{}, NoPassword(), secretOf(t, "pencil"), secretOf(t, hashMD5("pencil", "app")), verifierOf(t, "pencil", "salt")}
	for _, l := range lines() {
		for m := Method(0); m < 8; m++ {
			for _, s := range secrets {
				for _, names := range [][]string{nil, {"app"}, {"other"}} {
					v := Visit{User: "app", Secret: s, Method: m, Line: l, CertNames: names}
					name := fmt.Sprintf("method %d, %s secret, line %q, names %q", m, s.Kind(), l.name(), names)
					x, refusal := g.Begin(v)
					if (x == nil) == (refusal == nil) {
						t.Fatalf("%s: neither or both", name)
					}
					ask := Decide(m, s.Kind(), l)
					if refused := ask == Refuse || ask == AskCert && (names == nil || names[0] != "app"); refused != (refusal != nil) {
						t.Errorf("%s: %v", name, refusal)
					}
					if refusal != nil {
						if !refusal.IsFatal() || refusal.Code != pgerror.InvalidAuthorization {
							t.Errorf("%s: refused with %v", name, refusal)
						}
						continue
					}
					if request, in := x.Start(); in != (ask == Admit || ask == AskCert) || in == (request != nil) {
						t.Errorf("%s: let in unasked: %v", name, in)
					}
				}
			}
		}
	}
}

func TestParseMethod(t *testing.T) {
	for m := MethodReject; m <= MethodTrust; m++ {
		if got, err := ParseMethod(m.String()); got != m || err != nil {
			t.Errorf("%s reads back as %s, %v", m, got, err)
		}
	}
	for _, name := range []string{"", "SCRAM", "any", "password"} {
		if m, err := ParseMethod(name); err == nil || m != MethodReject {
			t.Errorf("%q is read as %s", name, m)
		}
	}
	for r := RequireAny; r <= RequireSCRAM; r++ {
		if got, err := ParseRequire(r.String()); got != r || err != nil {
			t.Errorf("%s reads back as %s, %v", r, got, err)
		}
	}
	if r, err := ParseRequire("scram"); err == nil || r != RequireSCRAM {
		t.Errorf("an unknown threshold is %s", r)
	}
}
