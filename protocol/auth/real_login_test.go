package auth

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// peer is a bare connection to a real server.
type peer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dialReal(t *testing.T, addr, user string, encrypted bool) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	check(t, err)
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if encrypted {
		conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47})
		var answer [1]byte
		if _, err := io.ReadFull(conn, answer[:]); err != nil || answer[0] != 'S' {
			t.Fatalf("no TLS: %q %v", answer, err)
		}
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	p := &peer{t, conn, bufio.NewReader(conn)}
	startup := "\x00\x03\x00\x00user\x00" + user + "\x00database\x00postgres\x00\x00"
	conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(startup)+4)), startup...))
	return p
}

func (p *peer) send(body []byte) {
	frame := binary.BigEndian.AppendUint32([]byte{'p'}, uint32(len(body)+4))
	p.conn.Write(append(frame, body...))
}

func (p *peer) receive() (kind byte, body []byte) {
	p.t.Helper()
	var header [5]byte
	_, err := io.ReadFull(p.in, header[:])
	check(p.t, err)
	body = make([]byte, binary.BigEndian.Uint32(header[1:])-4)
	_, err = io.ReadFull(p.in, body)
	check(p.t, err)
	return header[0], body
}

// login drives l against a real server. nil means that the server took us in
// and is ready for queries.
func (p *peer) login(l *Login) error {
	p.t.Helper()
	in := false
	for {
		switch kind, body := p.receive(); kind {
		case 'E':
			return pgerror.Parse(body)
		case 'R':
			answer, done, err := l.Step(body)
			if err != nil {
				return err
			}
			if answer != nil {
				p.send(answer)
			}
			in = done
		case 'Z':
			if !in {
				return errors.New("ready, and the login is not done")
			}
			return nil
		}
	}
}

// Every method of PostgreSQL that we speak, with every credential and every
// threshold that matters.
func realLogins(t *testing.T, addr string, id identity) {
	c := superuser(t, addr)
	storeRole(t, c, "clear_user", "pässwörd")
	storeRole(t, c, "md5_scram", "pässwörd")
	verifier := storeRole(t, c, "scram_user", "pässwörd")
	_, err := c.Exec(t.Context(), "SET password_encryption = md5")
	check(t, err)
	md5Hash := storeRole(t, c, "md5_user", "pässwörd")

	right := PasswordCredential("pässwörd")
	wrong := PasswordCredential("pencil")
	hash := EndpointHash(id.cert)
	tlsOnly := LoginOptions{TLS: true}
	bound := LoginOptions{TLS: true, Binding: hash, ChannelBinding: BindingRequire, Require: RequireSCRAM}
	for _, test := range []struct {
		user string
		c    *Credential
		o    LoginOptions
		want error // nil, one of ours, or a *pgerror.Error whose code counts
	}{
		{"scram_user", right, LoginOptions{}, nil},
		{"scram_user", right, LoginOptions{Require: RequireSCRAM}, nil},
		{"scram_user", right, tlsOnly, nil},
		{"scram_user", right, LoginOptions{TLS: true, Binding: hash}, nil},
		{"scram_user", right, LoginOptions{TLS: true, Binding: hash, ChannelBinding: BindingDisable}, nil},
		{"scram_user", right, bound, nil},
		{"scram_user", right, LoginOptions{ChannelBinding: BindingRequire}, ErrUnbound},
		{"scram_user", right, LoginOptions{TLS: true, Binding: hash[:31]}, pgerror.New(pgerror.InvalidAuthorization, "")},
		{"scram_user", wrong, LoginOptions{}, pgerror.New(pgerror.InvalidPassword, "")},
		{"scram_user", nil, LoginOptions{}, ErrNoPassword},
		{"nobody_here", right, LoginOptions{}, pgerror.New(pgerror.InvalidPassword, "")},
		{"md5_user", right, LoginOptions{}, nil},
		{"md5_user", secretOf(t, md5Hash).Credential(), LoginOptions{}, nil},
		{"md5_user", wrong, LoginOptions{}, pgerror.New(pgerror.InvalidPassword, "")},
		{"md5_user", right, LoginOptions{Require: RequireSCRAM}, ErrWeakMethod},
		{"md5_scram", right, LoginOptions{Require: RequireSCRAM}, nil},
		{"clear_user", right, tlsOnly, nil},
		{"clear_user", wrong, tlsOnly, pgerror.New(pgerror.InvalidPassword, "")},
		{"clear_user", right, LoginOptions{}, ErrCleartext},
		{"clear_user", right, LoginOptions{AllowCleartext: true}, nil},
		{"clear_user", right, LoginOptions{TLS: true, Require: RequireMD5}, ErrWeakMethod},
		{"postgres", right, LoginOptions{}, nil},
		{"postgres", nil, LoginOptions{}, nil},
		{"postgres", right, LoginOptions{Require: RequirePlain}, ErrWeakMethod},
	} {
		err := dialReal(t, addr, test.user, test.o.TLS).login(NewLogin(test.user, test.c, test.o))
		var got, want *pgerror.Error
		if errors.As(test.want, &want) {
			if !errors.As(err, &got) || got.Code != want.Code {
				t.Errorf("%s %+v: %v, want %s", test.user, test.o, err, want.Code)
			}
		} else if !errors.Is(err, test.want) || (err != nil) != (test.want != nil) {
			t.Errorf("%s %+v: %v, want %v", test.user, test.o, err, test.want)
		}
	}
	if len(right.derived) != 2 {
		t.Errorf("%d sets of keys are remembered, want one for scram_user and one for md5_scram", len(right.derived))
	}
	passThrough(t, addr, verifier)
}

// passThrough logs a client in with wye's copy of the server's verifier, and
// then wye at the server with nothing but what the client's proof gave away.
func passThrough(t *testing.T, addr, verifier string) {
	g := newGate(t)
	x, refusal := g.Begin(Visit{User: "scram_user", Secret: secretOf(t, verifier), Method: MethodSCRAM})
	if refusal != nil {
		t.Fatal(refusal)
	}
	check(t, talk(x, NewLogin("scram_user", PasswordCredential("pässwörd"), LoginOptions{})))
	keys := x.Credential()
	for range 2 { // a reconnect
		check(t, dialReal(t, addr, "scram_user", false).login(NewLogin("scram_user", keys, LoginOptions{})))
	}
	if err := dialReal(t, addr, "md5_scram", false).login(NewLogin("md5_scram", keys, LoginOptions{})); !errors.Is(err, ErrKeysDiffer) {
		t.Errorf("keys of another verifier: %v", err)
	}
	if err := dialReal(t, addr, "md5_user", false).login(NewLogin("md5_user", keys, LoginOptions{})); !errors.Is(err, ErrKeysMethod) {
		t.Errorf("keys against MD5: %v", err)
	}
	if s := fmt.Sprintf("%v %+v %#v", keys, keys, keys); s != "*** *** ***" {
		t.Errorf("the credential prints as %s", s)
	}
}
