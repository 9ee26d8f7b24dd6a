package auth

import (
	"bytes"
	"errors"
	"sync"
)

// Reasons why a credential does not open a server. They are about wye's own
// means, not about the password: another attempt ends the same way.
var (
	ErrNoPassword = errors.New("the server asks for a password, and none is configured for this user")
	ErrKeysMethod = errors.New("the server asks for another method than SCRAM, and the client's proof gave only SCRAM keys")
	ErrMD5Method  = errors.New("the server asks for another method than MD5, and only an MD5 hash is stored for this user")
	ErrKeysDiffer = errors.New("keys do not fit: the server's SCRAM verifier has another salt or iteration count than the one the client proved itself against")
)

// maxDerived bounds the keys one Credential remembers: one per server with
// a verifier of its own. It is far above the shards of a cluster, and small
// enough that a server which invents salts costs a few KiB.
const maxDerived = 256

// Credential is what wye shows to servers to log in as one user. It prints as
// "***" and is safe for concurrent use. A nil *Credential has nothing to show.
type Credential struct {
	password string
	md5      string // "md5" and 32 hex digits
	keys     *Keys  // from a client's SCRAM proof

	mu      sync.Mutex
	derived []*Keys // from password, one per (salt, iterations), oldest first
}

// PasswordCredential logs in with a password. The keys derived from it are
// remembered per salt and iteration count, so only the first login to a server
// pays for PBKDF2. The empty password is no password.
func PasswordCredential(password string) *Credential {
	return &Credential{password: password}
}

// KeysCredential logs in with the keys of a client's SCRAM proof, to servers
// that hold the same verifier. k is kept and must not be changed.
func KeysCredential(k Keys) *Credential { return &Credential{keys: &k} }

// Keys returns the keys that KeysCredential was given.
func (c *Credential) Keys() (Keys, bool) {
	if c == nil || c.keys == nil {
		return Keys{}, false
	}
	return *c.keys, true
}

// String hides the credential.
func (c *Credential) String() string { return "***" }

// GoString hides the credential.
func (c *Credential) GoString() string { return "***" }

// scramKeys returns the keys for the verifier that a server announced. fresh
// says that they were derived now: the caller hands them to remember once the
// server has proved that it knows the password.
func (c *Credential) scramKeys(salt []byte, iterations int) (k *Keys, fresh bool, err error) {
	switch {
	case c == nil:
		return nil, false, ErrNoPassword
	case c.keys != nil:
		if !c.keys.fit(salt, iterations) {
			return nil, false, ErrKeysDiffer
		}
		return c.keys, false, nil
	case c.md5 != "":
		return nil, false, ErrMD5Method
	case c.password == "":
		return nil, false, ErrNoPassword
	}
	if k := c.recall(salt, iterations); k != nil {
		return k, false, nil
	}
	k, err = deriveKeys(c.password, bytes.Clone(salt), iterations)
	return k, true, err
}

func (c *Credential) recall(salt []byte, iterations int) *Keys {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.derived {
		if k.fit(salt, iterations) {
			return k
		}
	}
	return nil
}

func (c *Credential) remember(k *Keys) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, have := range c.derived {
		if have.fit(k.Salt, k.Iterations) {
			return
		}
	}
	if len(c.derived) >= maxDerived {
		c.derived = append(c.derived[:0], c.derived[1:]...)
	}
	c.derived = append(c.derived, k)
}

func (k *Keys) fit(salt []byte, iterations int) bool {
	return k.Iterations == iterations && bytes.Equal(k.Salt, salt)
}

// md5Hash returns "md5" and the hash of password and user.
func (c *Credential) md5Hash(user string) (string, error) {
	switch {
	case c == nil:
		return "", ErrNoPassword
	case c.keys != nil:
		return "", ErrKeysMethod
	case c.md5 != "":
		return c.md5, nil
	case c.password == "":
		return "", ErrNoPassword
	}
	return hashMD5(c.password, user), nil
}

// clear returns the password itself.
func (c *Credential) clear() (string, error) {
	switch {
	case c == nil:
		return "", ErrNoPassword
	case c.keys != nil:
		return "", ErrKeysMethod
	case c.md5 != "":
		return "", ErrMD5Method
	case c.password == "":
		return "", ErrNoPassword
	}
	return c.password, nil
}
