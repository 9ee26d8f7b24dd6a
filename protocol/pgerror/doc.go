// Package pgerror is the error that a PostgreSQL client understands: a
// SQLSTATE, a message in PostgreSQL's voice and, where there is a fix, a hint.
//
// It owns the list of SQLSTATE codes that wye raises or looks for, and the
// bytes of an ErrorResponse. It never decides whether something is an error.
// When a client shows a strange error, look here for its code, then search
// the code's constant.
package pgerror
