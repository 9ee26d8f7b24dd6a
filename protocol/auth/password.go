package auth

import (
	"bytes"
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// isMD5Hash tells a stored MD5 hash from a password as PostgreSQL does
// (get_password_type): lower-case digits only.
func isMD5Hash(s string) bool {
	return len(s) == 35 && s[:3] == "md5" && strings.Trim(s[3:], "0123456789abcdef") == ""
}

// hashMD5 is "md5" and the hash of text and salt (pg_md5_encrypt). Stored
// hashes are salted with the user name, answers with the server's challenge.
func hashMD5(text, salt string) string {
	sum := md5.Sum([]byte(text + salt))
	return "md5" + hex.EncodeToString(sum[:])
}

// answerMD5 is the answer of who knows hash, the stored form, to a challenge.
func answerMD5(hash string, challenge [4]byte) string {
	return hashMD5(hash[3:], string(challenge[:]))
}

// md5Exchange asks for an MD5 answer.
type md5Exchange struct {
	user      string
	secret    Secret
	doomed    bool
	hash      string
	challenge [4]byte
	over      bool
	proved    bool
}

func (g *Gate) md5(v Visit, mock bool) (Exchange, *pgerror.Error) {
	x := &md5Exchange{user: v.User, secret: v.Secret, doomed: mock}
	if _, err := io.ReadFull(g.random, x.challenge[:]); err != nil {
		return nil, errRandom()
	}
	if mock {
		x.hash = hashMD5("", v.User)
		return x, nil
	}
	hash, err := v.Secret.Credential().md5Hash(v.User)
	if err != nil {
		return nil, pgerror.Fatalf(pgerror.InternalError, "could not derive the MD5 hash of user \"%s\"", v.User)
	}
	x.hash = hash
	return x, nil
}

func (x *md5Exchange) Start() ([]byte, bool) {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 8), authMD5), x.challenge[:]...), false
}

func (x *md5Exchange) Continue(p []byte) ([]byte, bool, *pgerror.Error) {
	if x.over {
		return nil, false, errOver()
	}
	x.over = true
	answer, err := passwordOf(p)
	if err != nil {
		return nil, false, err
	}
	want := answerMD5(x.hash, x.challenge)
	if subtle.ConstantTimeCompare(answer, []byte(want)) != 1 || x.doomed {
		return nil, false, errWrongPassword(x.user)
	}
	x.proved = true
	return nil, true, nil
}

func (x *md5Exchange) Credential() *Credential {
	if !x.proved {
		return nil
	}
	return x.secret.Credential()
}

// plainExchange asks for the password itself. Whatever is stored, it spends
// the same rounds of PBKDF2 as for a verifier of PostgreSQL's making, so that
// neither a user's existence nor the form of the secret shows in the time.
type plainExchange struct {
	user     string
	secret   Secret
	doomed   bool
	verifier *Verifier // to check against, or to spend time on
	over     bool
	typed    *Credential
}

func (g *Gate) plain(v Visit, mock bool) (Exchange, *pgerror.Error) {
	salt := func() []byte { return g.salt(v.User) }
	verifier, err := v.Secret.scramVerifier(salt)
	if err != nil {
		return nil, pgerror.Fatalf(pgerror.InternalError, "could not derive the SCRAM verifier of user \"%s\"", v.User)
	}
	if verifier == nil {
		verifier = &Verifier{Salt: salt(), Iterations: DefaultIterations}
	}
	return &plainExchange{user: v.User, secret: v.Secret, doomed: mock, verifier: verifier}, nil
}

func (x *plainExchange) Start() ([]byte, bool) {
	return binary.BigEndian.AppendUint32(make([]byte, 0, 4), authClear), false
}

func (x *plainExchange) Continue(p []byte) ([]byte, bool, *pgerror.Error) {
	if x.over {
		return nil, false, errOver()
	}
	x.over = true
	password, err := passwordOf(p)
	if err != nil {
		return nil, false, err
	}
	if !x.matches(string(password)) || x.doomed {
		return nil, false, errWrongPassword(x.user)
	}
	x.typed = PasswordCredential(string(password))
	return nil, true, nil
}

func (x *plainExchange) matches(password string) bool {
	k, err := deriveKeys(password, x.verifier.Salt, x.verifier.Iterations)
	if err != nil {
		return false
	}
	if x.secret.kind == KindMD5 {
		return subtle.ConstantTimeCompare([]byte(hashMD5(password, x.user)), []byte(x.secret.stored.credential.md5)) == 1
	}
	return subtle.ConstantTimeCompare(k.ServerKey[:], x.verifier.ServerKey[:]) == 1
}

// Credential prefers the stored password: its derived keys are shared by all
// of the user's logins.
func (x *plainExchange) Credential() *Credential {
	if x.typed != nil && x.secret.kind == KindPlain {
		return x.secret.Credential()
	}
	return x.typed
}

// passwordOf reads a PasswordMessage: one string, nothing after it.
func passwordOf(p []byte) ([]byte, *pgerror.Error) {
	if len(p) > MaxMessage {
		return nil, errTooLong()
	}
	text, rest, ok := bytes.Cut(p, []byte{0})
	if !ok || len(rest) > 0 {
		return nil, pgerror.Fatal(pgerror.ProtocolViolation, "invalid password packet size")
	}
	if len(text) == 0 {
		return nil, pgerror.Fatal(pgerror.InvalidPassword, "empty password returned by client")
	}
	return text, nil
}
