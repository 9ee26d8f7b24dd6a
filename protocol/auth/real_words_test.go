package auth

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// saslInitial is the body of a SASLInitialResponse.
func saslInitial(name, message string) string {
	n := len(message)
	return name + "\x00" + string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + message
}

const someProof = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// scramMisuse is one client that speaks SCRAM wrongly: the body of its first
// message, and its second, in which %s is the nonce.
var scramMisuse = []struct{ first, final string }{
	{first: saslInitial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-1", "n,,n=,r=abc")},
	{first: "SCRAM-SHA-256"},
	{first: "SCRAM-SHA-256\x00"},
	{first: "SCRAM-SHA-256\x00\x00\x00"},
	{first: "SCRAM-SHA-256\x00\x00\x00\x00\x05n,"},
	{first: "SCRAM-SHA-256\x00\x00\x00\x00\x01n,"},
	{first: "SCRAM-SHA-256\x00\xff\xff\xff\xffn,"},
	{first: "SCRAM-SHA-256\x00\xff\xff\xff\xfe"},
	{first: "SCRAM-SHA-256\x00\x80\x00\x00\x00n,,n=,r=abc"},
	{first: "SCRAM-SHA-256\x00\x7f\xff\xff\xffn,,n=,r=abc"},
	{first: saslInitial("SCRAM-SHA-256", "")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=,r=a\x00bc")},
	{first: saslInitial("SCRAM-SHA-256", "x")},
	{first: saslInitial("SCRAM-SHA-256", "\x01")},
	{first: saslInitial("SCRAM-SHA-256", "n")},
	{first: saslInitial("SCRAM-SHA-256", "nn")},
	{first: saslInitial("SCRAM-SHA-256", "y;")},
	{first: saslInitial("SCRAM-SHA-256", "n,")},
	{first: saslInitial("SCRAM-SHA-256", "n,a=app,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256", "n,b=app,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256", "n,,")},
	{first: saslInitial("SCRAM-SHA-256", "n,,m=x,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256", "n,,r=abc")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=app,r")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=app,x=abc")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=app,r=a b")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=app,r=a\xffb")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=app,r=abc,1=x")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=app,r=abc,\xe9=x")},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=app,r=abc,x")},
	{final: "c=biws,r=%s,p=" + someProof}, // a wrong password
	{final: "c=biws,r=%s,x=ext,y=,p=" + someProof},
	{final: "\x00"},
	{final: "c=biws\x00,r=%s,p=" + someProof},
	{final: "r=%s"},
	{final: "c=biws"},
	{final: "c=biws,r=%s"},
	{final: "c=biws,r=%s,"},
	{final: "c=biws,r=%s,p"},
	{final: "c=biws,r=%s,p="},
	{final: "c=biws,r=%s,9=x"},
	{final: "c=biws,r=%s,p=" + someProof + "x"},
	{final: "c=biws,r=%s,p=" + someProof[:40]},
	{final: "c=biws,r=%s,p=" + strings.Repeat("A", 44)},
	{final: "c=biws,r=%s,p=" + someProof + ",x=y"},
	{final: "c=biws,r=%s,p=" + someProof + ","},
	{final: "c=biws,r=%sx,p=" + someProof},
	{final: "c=biws,r=x%s,p=" + someProof},
	{final: "c=biws,r=,p=" + someProof},
	{final: "c=eSws,r=%s,p=" + someProof},
	{final: "c=" + base64.StdEncoding.EncodeToString([]byte("p=tls-server-end-point,,")) + ",r=%s,p=" + someProof},
	{first: saslInitial("SCRAM-SHA-256", "y,,n=app,r=abc"), final: "c=biws,r=%s,p=" + someProof},
	{first: saslInitial("SCRAM-SHA-256", "n,,n=,r="), final: "c=biws,r=%s,p=" + someProof},
	{first: saslInitial("SCRAM-SHA-256-PLUS", "n,,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256-PLUS", "y,,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256-PLUS", "p,,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256-PLUS", "p="+strings.Repeat("\t", 40)+",,n=,r=abc")},
	{first: saslInitial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc"), final: "c=biws,r=%s,p=" + someProof},
	{first: "SCRAM-SHA-256\x00\xff\xff\xff\xff"}, // goes on in the next message
}

// speaker is one server to talk to: ours or PostgreSQL.
type speaker func(p []byte) (r []byte, err *pgerror.Error)

// misuse plays one client and returns the server's last word.
func misuse(say speaker, first, final string) string {
	if first == "" {
		first = saslInitial("SCRAM-SHA-256", "n,,n=app,r=abc")
	}
	r, err := say([]byte(first))
	if err == nil && len(r) == 4 {
		r, err = say([]byte("n,,n=,r=abc"))
	}
	if err == nil && final != "" {
		nonce, _, _ := strings.Cut(strings.TrimPrefix(string(r[4:]), "r="), ",")
		_, err = say([]byte(strings.ReplaceAll(final, "%s", nonce)))
	}
	if err == nil {
		return fmt.Sprintf("no error, %.5q", r[3:])
	}
	return fmt.Sprintf("%s %s: %s (%s)", err.Severity, err.Code, err.Message, err.Detail)
}

// Whatever a client does wrong, wye and PostgreSQL answer with the same words.
func realWords(t *testing.T, addr string, id identity) {
	verifier := secretOf(t, storeRole(t, superuser(t, addr), "app", "pencil"))
	g := newGate(t)
	for _, v := range []Visit{
		{User: "app", Secret: verifier},
		{User: "ghost"},
		{User: "app", Secret: verifier, Line: Line{TLS: true}, Binding: EndpointHash(id.cert)},
	} {
		v.Method = MethodSCRAM
		for _, m := range scramMisuse {
			x, _ := g.Begin(v)
			request, _ := x.Start()
			ours := misuse(func(p []byte) ([]byte, *pgerror.Error) {
				r, _, err := x.Continue(p)
				return r, err
			}, m.first, m.final)
			real := dialReal(t, addr, v.User, v.Line.TLS)
			if _, theirs := real.receive(); string(theirs) != string(request) {
				t.Fatalf("wye asks %q, PostgreSQL %q", request, theirs)
			}
			theirs := misuse(real.say, m.first, m.final)
			if ours != theirs {
				t.Errorf("%s: first %q final %q:\nwye        %s\nPostgreSQL %s", v.User, m.first, m.final, ours, theirs)
			}
			real.conn.Close()
		}
	}
}

// say makes a real server a speaker.
func (p *peer) say(message []byte) ([]byte, *pgerror.Error) {
	p.send(message)
	kind, body := p.receive()
	if kind == 'E' {
		return nil, pgerror.Parse(body)
	}
	return body, nil
}
