package auth

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
)

// Our two sides talk to each other by every method that both allow.
func TestLoginAtOurGate(t *testing.T) {
	g := newGate(t)
	id := localhost(t)
	hash := EndpointHash(id.cert)
	overTLS := Line{TLS: true}
	pencil := PasswordCredential("pencil")
	hashed := secretOf(t, hashMD5("pencil", "app"))
	for name, test := range map[string]struct {
		v    Visit
		c    *Credential
		o    LoginOptions
		want string // part of the error, "" = let in
	}{
		"scram":                   {Visit{Method: MethodSCRAM, Secret: verifierOf(t, "pencil", "s")}, pencil, LoginOptions{}, ""},
		"scram, stored plain":     {Visit{Method: MethodSCRAM, Secret: secretOf(t, "pencil")}, pencil, LoginOptions{}, ""},
		"scram, wrong":            {Visit{Method: MethodSCRAM, Secret: verifierOf(t, "pencils", "s")}, pencil, LoginOptions{}, "28P01"},
		"scram, stored md5":       {Visit{Method: MethodSCRAM, Secret: hashed}, pencil, LoginOptions{}, "28P01"},
		"scram, unknown":          {Visit{Method: MethodSCRAM}, pencil, LoginOptions{}, "28P01"},
		"bound":                   {Visit{Method: MethodSCRAM, Secret: verifierOf(t, "pencil", "s"), Line: overTLS, Binding: hash}, pencil, LoginOptions{TLS: true, Binding: hash, ChannelBinding: BindingRequire}, ""},
		"bound to another server": {Visit{Method: MethodSCRAM, Secret: verifierOf(t, "pencil", "s"), Line: overTLS, Binding: hash}, pencil, LoginOptions{TLS: true, Binding: []byte("another")}, "SCRAM channel binding check failed"},
		"not offered":             {Visit{Method: MethodSCRAM, Secret: verifierOf(t, "pencil", "s"), Line: overTLS}, pencil, LoginOptions{TLS: true, Binding: hash}, ""},
		"required, not offered":   {Visit{Method: MethodSCRAM, Secret: verifierOf(t, "pencil", "s"), Line: overTLS}, pencil, LoginOptions{TLS: true, Binding: hash, ChannelBinding: BindingRequire}, ErrUnbound.Error()},
		"disabled":                {Visit{Method: MethodSCRAM, Secret: verifierOf(t, "pencil", "s"), Line: overTLS, Binding: hash}, pencil, LoginOptions{TLS: true, Binding: hash, ChannelBinding: BindingDisable}, ""},
		"offered without TLS":     {Visit{Method: MethodSCRAM, Secret: verifierOf(t, "pencil", "s"), Line: overTLS, Binding: hash}, pencil, LoginOptions{}, "unencrypted"},
		"md5":                     {Visit{Method: MethodMD5, Secret: hashed}, pencil, LoginOptions{}, ""},
		"md5 with the hash":       {Visit{Method: MethodMD5, Secret: hashed}, hashed.Credential(), LoginOptions{}, ""},
		"md5, stored plain":       {Visit{Method: MethodMD5, Secret: secretOf(t, "pencil")}, pencil, LoginOptions{}, ""},
		"md5, stored verifier":    {Visit{Method: MethodMD5, Secret: verifierOf(t, "pencil", "s")}, pencil, LoginOptions{Require: RequireSCRAM}, ""},
		"md5 is too weak":         {Visit{Method: MethodMD5, Secret: hashed}, pencil, LoginOptions{Require: RequireSCRAM}, ErrWeakMethod.Error()},
		"md5 hash for SCRAM":      {Visit{Method: MethodSCRAM, Secret: secretOf(t, "pencil")}, hashed.Credential(), LoginOptions{}, ErrMD5Method.Error()},
		"plain":                   {Visit{Method: MethodPlain, Secret: secretOf(t, "pencil"), Line: overTLS}, pencil, LoginOptions{TLS: true}, ""},
		"plain, in the open":      {Visit{Method: MethodPlain, Secret: secretOf(t, "pencil"), Line: overTLS}, pencil, LoginOptions{}, ErrCleartext.Error()},
		"nothing to show":         {Visit{Method: MethodSCRAM, Secret: secretOf(t, "pencil")}, PasswordCredential(""), LoginOptions{}, ErrNoPassword.Error()},
		"certificate":             {Visit{Method: MethodCert, Secret: NoPassword(), Line: Line{TLS: true, Cert: true}, CertNames: []string{"app"}}, nil, LoginOptions{TLS: true}, ""},
		"trust is too weak":       {Visit{Method: MethodTrust, Secret: NoPassword(), Line: Line{Unix: true}}, pencil, LoginOptions{Require: RequireMD5}, ErrWeakMethod.Error()},
	} {
		test.v.User = "app"
		x, refusal := g.Begin(test.v)
		if refusal != nil {
			t.Fatalf("%s: %v", name, refusal)
		}
		err := talk(x, NewLogin("app", test.c, test.o))
		if err == nil != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if got := x.Credential(); err != nil && got != nil {
			t.Errorf("%s: a credential of who was not let in", name)
		}
	}
}

// What a hostile server may try, step by step. R is the body of the request;
// %n stands for our nonce.
func TestHostileServer(t *testing.T) {
	const sasl = "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"
	const first = "\x00\x00\x00\x0b"
	const final = "\x00\x00\x00\x0c"
	const ok = "\x00\x00\x00\x00"
	good := first + "r=%nX,s=c2FsdA==,i=1"
	for name, test := range map[string]struct {
		steps []string
		want  string
	}{
		"no bytes":              {[]string{""}, "0 bytes"},
		"half a type":           {[]string{"\x00\x00\x00"}, "3 bytes"},
		"a long one":            {[]string{strings.Repeat("x", MaxMessage+1)}, "65536 bytes"},
		"GSS":                   {[]string{"\x00\x00\x00\x07"}, "7 is not supported"},
		"SSPI":                  {[]string{"\x00\x00\x00\x09"}, "9 is not supported"},
		"negative":              {[]string{"\xff\xff\xff\xff"}, "not supported"},
		"OK with more":          {[]string{ok + "x"}, "malformed"},
		"OK at once":            {[]string{sasl, ok}, ErrUnproven.Error()},
		"OK after the salt":     {[]string{sasl, good, ok}, ErrUnproven.Error()},
		"OK twice":              {[]string{ok, ok}, "after the end"},
		"cleartext after SASL":  {[]string{sasl, "\x00\x00\x00\x03"}, "out of order"},
		"MD5 after the salt":    {[]string{sasl, good, "\x00\x00\x00\x05salt"}, "out of order"},
		"SASL twice":            {[]string{sasl, sasl}, "out of order"},
		"MD5 with a short salt": {[]string{"\x00\x00\x00\x05sal"}, "malformed"},
		"continue first":        {[]string{good}, "out of order"},
		"final first":           {[]string{final + "v=" + someProof}, "out of order"},
		"wrong signature":       {[]string{sasl, good, final + "v=" + someProof}, ErrSignature.Error()},
		"no signature":          {[]string{sasl, good, final}, "no signature"},
		"its own error":         {[]string{sasl, good, final + "e=other-error\n\x1b[2J"}, "other-error??[2J"},
		"no mechanism":          {[]string{"\x00\x00\x00\x0a\x00"}, "no SASL mechanism"},
		"another mechanism":     {[]string{"\x00\x00\x00\x0aOAUTHBEARER\x00\x00"}, "no SASL mechanism"},
		"an open list":          {[]string{"\x00\x00\x00\x0aSCRAM-SHA-256"}, "malformed list"},
		"our nonce alone":       {[]string{sasl, first + "r=%n,s=c2FsdA==,i=1"}, "nonce"},
		"another nonce":         {[]string{sasl, first + "r=X%n,s=c2FsdA==,i=1"}, "nonce"},
		"no salt":               {[]string{sasl, first + "r=%nX,s=,i=1"}, "salt"},
		"a bad salt":            {[]string{sasl, first + "r=%nX,s=!,i=1"}, "salt"},
		"an extension":          {[]string{sasl, first + "m=x,r=%nX,s=c2FsdA==,i=1"}, "no nonce"},
		"no rounds":             {[]string{sasl, first + "r=%nX,s=c2FsdA=="}, "iteration"},
		"zero rounds":           {[]string{sasl, first + "r=%nX,s=c2FsdA==,i=0"}, "iteration"},
		"minus one round":       {[]string{sasl, first + "r=%nX,s=c2FsdA==,i=-1"}, "iteration"},
		"endless rounds":        {[]string{sasl, first + "r=%nX,s=c2FsdA==,i=2000000000"}, "above 1000000"},
	} {
		c := PasswordCredential("pencil")
		l := NewLogin("app", c, LoginOptions{TLS: true})
		var err error
		for i, r := range test.steps {
			if err != nil {
				t.Fatalf("%s: step %d failed: %v", name, i, err)
			}
			_, _, err = l.Step([]byte(strings.ReplaceAll(r, "%n", l.scram.nonce)))
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if _, done, err := l.Step([]byte(ok)); done || err == nil {
			t.Errorf("%s: the login survived", name)
		}
		if len(c.derived) > 0 {
			t.Errorf("%s: the keys for a stranger's salt were kept", name)
		}
	}
}

// Reconnects pay for PBKDF2 once, also when many log in at the same time, and
// a credential stays small however many verifiers it meets.
func TestCredentialRemembers(t *testing.T) {
	g := newGate(t)
	c := PasswordCredential("pencil")
	secrets := []Secret{verifierOf(t, "pencil", "one"), verifierOf(t, "pencil", "two")}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			x, _ := g.Begin(Visit{User: "app", Secret: secrets[i%2], Method: MethodSCRAM})
			if err := talk(x, NewLogin("app", c, LoginOptions{})); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(c.derived) != 2 {
		t.Errorf("%d sets of keys", len(c.derived))
	}
	for i := range maxDerived + 10 {
		c.remember(&Keys{Salt: bytes.Repeat([]byte{1}, i+1), Iterations: 1})
	}
	if len(c.derived) != maxDerived || c.recall(bytes.Repeat([]byte{1}, maxDerived+10), 1) == nil || c.recall([]byte("one"), 1) != nil {
		t.Errorf("%d sets of keys, or the wrong ones", len(c.derived))
	}
}

// The keys of a client's proof open every server with the same verifier, and
// none with another.
func TestPassThrough(t *testing.T) {
	g := newGate(t)
	same, other := verifierOf(t, "pencil", "same"), verifierOf(t, "pencil", "other")
	x, _ := g.Begin(Visit{User: "app", Secret: same, Method: MethodSCRAM})
	if x.Credential() != nil {
		t.Error("keys before the proof")
	}
	check(t, talk(x, NewLogin("app", PasswordCredential("pencil"), LoginOptions{})))
	keys := x.Credential()
	if k, ok := keys.Keys(); !ok || k.Iterations != 1 || string(k.Salt) != "same" {
		t.Errorf("keys for %d rounds, %v", k.Iterations, ok)
	}
	server := func(s Secret) error {
		x, _ := g.Begin(Visit{User: "app", Secret: s, Method: MethodSCRAM})
		return talk(x, NewLogin("app", keys, LoginOptions{Require: RequireSCRAM}))
	}
	check(t, server(same))
	if err := server(other); !errors.Is(err, ErrKeysDiffer) {
		t.Errorf("at another verifier: %v", err)
	}
}
