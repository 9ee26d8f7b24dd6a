package transcript

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// login answers the authentication messages of one connection. It is written
// apart from protocol/auth on purpose: a mistake there must not be hidden by
// the same mistake here.
type login struct {
	user, password string
	mute           bool   // answer nothing, print what is asked
	clientFirst    string // client-first-message-bare, RFC 5802 section 7
}

// answer returns the frame to send for an Authentication message, or nil when
// it asks for nothing.
func (l *login) answer(body []byte) ([]byte, error) {
	b := &cursor{rest: body}
	switch kind := b.int32(); kind {
	case 0, 12:
		return nil, nil
	case 3:
		return frame('p', cstring(l.password)), nil
	case 5:
		return frame('p', cstring("md5"+md5hex(md5hex(l.password+l.user)+string(b.take(4))))), nil
	case 10:
		l.clientFirst = "n=,r=" + rand.Text()
		first := "n,," + l.clientFirst
		out := append(cstring("SCRAM-SHA-256"), 0, 0, 0, byte(len(first)))
		return frame('p', append(out, first...)), nil
	case 11:
		return l.scramFinal(string(b.rest))
	default:
		return nil, fmt.Errorf("authentication kind %d is not known here", kind)
	}
}

func md5hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (l *login) scramFinal(serverFirst string) ([]byte, error) {
	attr := map[byte]string{}
	for part := range strings.SplitSeq(serverFirst, ",") {
		if len(part) > 2 {
			attr[part[0]] = part[2:]
		}
	}
	salt, err := base64.StdEncoding.DecodeString(attr['s'])
	if err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	rounds, err := strconv.Atoi(attr['i'])
	if err != nil || rounds > 1_000_000 {
		return nil, fmt.Errorf("iterations %q", attr['i'])
	}
	salted, err := pbkdf2.Key(sha256.New, l.password, salt, rounds, 32)
	if err != nil {
		return nil, err
	}
	clientKey := sign(salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	final := "c=biws,r=" + attr['r']
	proof := sign(stored[:], l.clientFirst+","+serverFirst+","+final)
	for i := range proof {
		proof[i] ^= clientKey[i]
	}
	return frame('p', []byte(final+",p="+base64.StdEncoding.EncodeToString(proof))), nil
}

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
