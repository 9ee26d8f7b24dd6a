package auth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// answerSASL chooses a mechanism and opens the SCRAM exchange.
func (l *Login) answerSASL(list []byte) ([]byte, error) {
	if err := l.allow(RequireSCRAM); err != nil {
		return nil, err
	}
	plain, plus, err := offered(list)
	if err != nil {
		return nil, err
	}
	if plus && !l.o.TLS {
		return nil, errors.New("the server offers channel binding on an unencrypted connection")
	}
	able := l.o.Binding != nil && l.o.TLS && l.o.ChannelBinding != BindingDisable
	l.bound = able && plus
	switch {
	case l.o.ChannelBinding == BindingRequire && !l.bound:
		return nil, ErrUnbound
	case !l.bound && !plain:
		return nil, errors.New("the server offers no SASL mechanism that wye knows")
	}
	name, header := mechanism, "n,,"
	if l.bound {
		name, header = mechanismPlus, "p="+bindingType+",,"
	} else if able {
		header = "y,," // we could, and believe that the server cannot
	}
	first, err := l.scram.open(header, l.binding(), l.o.Random)
	if err != nil {
		return nil, err
	}
	l.step = loginFirstSent
	p := append([]byte(name), 0)
	p = binary.BigEndian.AppendUint32(p, uint32(len(first)))
	return append(p, first...), nil
}

func (l *Login) binding() []byte {
	if l.bound {
		return l.o.Binding
	}
	return nil
}

// offered reads the list of SASL mechanisms: strings, then an empty one.
func offered(list []byte) (plain, plus bool, err error) {
	for {
		name, rest, ok := bytes.Cut(list, []byte{0})
		if !ok {
			return false, false, errors.New("malformed list of SASL mechanisms")
		}
		if len(name) == 0 {
			return plain, plus, nil
		}
		plain = plain || string(name) == mechanism
		plus = plus || string(name) == mechanismPlus
		list = rest
	}
}

// clientScram is the client side of SCRAM (RFC 5802) within a Login.
type clientScram struct {
	cbind   string // the c= attribute to send: GS2 header and binding, base64
	nonce   string // ours
	message []byte // AuthMessage, as far as it is known
	keys    *Keys
	fresh   bool // keys were derived in this login
}

// open returns client-first. The user name in it stays empty, as in libpq:
// PostgreSQL takes the one of the startup message.
func (s *clientScram) open(header string, binding []byte, random io.Reader) ([]byte, error) {
	var raw [nonceLen]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return nil, fmt.Errorf("nonce: %w", err)
	}
	s.nonce = base64.StdEncoding.EncodeToString(raw[:])
	s.cbind = base64.StdEncoding.EncodeToString(append([]byte(header), binding...))
	s.message = append(s.message, "n=,r="+s.nonce...)
	return append([]byte(header), s.message...), nil
}

// prove returns client-final.
func (s *clientScram) prove(serverFirst []byte, c *Credential) ([]byte, error) {
	m, err := parseServerFirst(serverFirst, s.nonce)
	if err != nil {
		return nil, err
	}
	if s.keys, s.fresh, err = c.scramKeys(m.salt, m.iterations); err != nil {
		return nil, err
	}
	final := fmt.Appendf(nil, "c=%s,r=%s", s.cbind, m.nonce)
	s.message = append(append(s.message, ','), serverFirst...)
	s.message = append(append(s.message, ','), final...)

	var signature [keyLen]byte
	stored := sha256.Sum256(s.keys.ClientKey[:])
	hmacSHA256(&signature, stored[:], s.message)
	proof := xorKeys(&s.keys.ClientKey, &signature)
	return base64.StdEncoding.AppendEncode(append(final, ",p="...), proof[:]), nil
}

// serverFirst is the server-first-message of RFC 5802. nonce aliases it.
type serverFirst struct {
	nonce      []byte
	salt       []byte
	iterations int
}

// parseServerFirst reads what a server, perhaps a hostile one, answers to a
// client-first with ourNonce.
func parseServerFirst(message []byte, ourNonce string) (m serverFirst, err error) {
	var ok bool
	rest := message
	if m.nonce, rest, ok = cutAttribute(rest, 'r'); !ok {
		return m, errors.New("malformed SCRAM message from the server: no nonce")
	}
	if len(m.nonce) <= len(ourNonce) || !bytes.HasPrefix(m.nonce, []byte(ourNonce)) {
		return m, errors.New("invalid SCRAM message from the server: its nonce does not extend ours")
	}
	salt, rest, ok := cutAttribute(rest, 's')
	if !ok {
		return m, errors.New("malformed SCRAM message from the server: no salt")
	}
	if m.salt, err = base64.StdEncoding.DecodeString(string(salt)); err != nil || len(m.salt) == 0 {
		return m, errors.New("malformed SCRAM message from the server: invalid salt")
	}
	iterations, _, ok := cutAttribute(rest, 'i')
	if !ok {
		return m, errors.New("malformed SCRAM message from the server: no iteration count")
	}
	m.iterations, err = parseIterations(string(iterations))
	return m, err
}

// parseServerFinal reads the server's signature, or its reason to refuse.
func parseServerFinal(message []byte) (signature [keyLen]byte, err error) {
	if reason, _, ok := cutAttribute(message, 'e'); ok {
		return signature, fmt.Errorf("the server reports a SCRAM error: %s", printableText(reason))
	}
	value, _, ok := cutAttribute(message, 'v')
	if !ok || !decodeKey(&signature, string(value)) {
		return signature, errors.New("malformed SCRAM message from the server: no signature")
	}
	return signature, nil
}

// cutAttribute takes "a=value" and the comma after it off the front of s.
func cutAttribute(s []byte, attr byte) (value, rest []byte, ok bool) {
	if len(s) < 2 || s[0] != attr || s[1] != '=' {
		return nil, s, false
	}
	value, rest, _ = bytes.Cut(s[2:], []byte{','})
	return value, rest, true
}
