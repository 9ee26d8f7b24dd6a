package config

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
)

// Mask is what stands in the place of a secret in everything that is printed.
const Mask = "***"

// Secret is a string that prints as [Mask] with every fmt verb, in JSON, in
// YAML and in slog. An empty one prints as nothing, so that "not set" shows.
// fmt asks no methods of unexported struct fields: hold secrets in exported
// ones, or do not print the struct.
type Secret string

// Reveal returns the text itself. The caller must not print it.
func (s Secret) Reveal() string { return string(s) }

// String returns [Mask], or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Mask
}

// Format covers the verbs that would pass String by, such as %d and %#v.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText keeps the secret out of encoding/json and of YAML. It never fails.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps the secret out of slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// PasswordKind is the form in which a password is stored.
type PasswordKind int

// No password, the password itself, the 35 characters of PostgreSQL's md5
// form, and a SCRAM-SHA-256 verifier (pg_authid.rolpassword's forms).
const (
	PasswordNone PasswordKind = iota
	PasswordPlain
	PasswordMD5
	PasswordSCRAM
)

const verifierPrefix = "SCRAM-SHA-256$"

var (
	md5Form      = regexp.MustCompile(`^md5[0-9a-f]{32}$`)
	verifierForm = regexp.MustCompile(`^SCRAM-SHA-256\$([1-9][0-9]{0,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$`)
)

// Kind tells in which form the password is stored. What begins like a verifier
// is one: Load has refused it if it is cut short.
func (s Secret) Kind() PasswordKind {
	switch {
	case s == "":
		return PasswordNone
	case md5Form.MatchString(string(s)):
		return PasswordMD5
	case strings.HasPrefix(string(s), verifierPrefix):
		return PasswordSCRAM
	}
	return PasswordPlain
}

// goodVerifier tells whether the text is SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey
// with two keys of 32 bytes, and no more iterations than protocol/auth computes.
func goodVerifier(text string) bool {
	m := verifierForm.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	if n, err := strconv.Atoi(m[1]); err != nil || n > 1_000_000 {
		return false
	}
	salt, err := base64.StdEncoding.Strict().DecodeString(m[2])
	if err != nil || len(salt) == 0 {
		return false
	}
	for _, key := range m[3:] {
		if raw, err := base64.StdEncoding.Strict().DecodeString(key); err != nil || len(raw) != 32 {
			return false
		}
	}
	return true
}
