// Package auth proves who is at the other end, in both directions: a client
// to wye (Gate, Exchange) and wye to a server (Login).
//
// It owns SCRAM-SHA-256 with and without channel binding, MD5, cleartext
// passwords, certificate names, the table that says which of them may be used
// where (Decide), and the form in which secrets are stored. Everything is a
// conversation of message bodies: bytes in, bytes out. It never touches a
// socket, a clock, a goroutine or a log, and takes randomness from a reader.
//
// An unknown user gets the same conversation as a wrong password, with a salt
// that stays the same, and the same refusal.
//
// When a login fails that works on PostgreSQL directly: for passwords beyond
// ASCII look at saslprep.go, for "keys do not fit" at credential.go, for a
// refusal before any password was asked at decide.go, and for a driver that
// speaks SCRAM its own way at scramparse.go.
package auth
