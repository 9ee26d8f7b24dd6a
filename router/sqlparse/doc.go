// Package sqlparse reads SQL: text in, [Statement] out. A Statement says of
// which kind each part of the text is and what it does to the session that
// runs it: which parameters change, what is left behind on the server. Its
// [Facts] say what the text touches, by name, and what in it no replica would
// run; [Hint] is what a comment asks of wye.
//
// It owns the lexer, the literal-normalising skeleton, the plan cache behind
// [Reader], and the fallback [Scanner] for text that must not or cannot be
// parsed. It is the only importer of pg_query, and it never shows pg_query
// text that could overflow the C stack (see parseLimit), holds a NUL or is
// not UTF-8.
//
// It never decides where a statement goes, never changes text, never reports
// an error: text that PostgreSQL will refuse is passed on, and PostgreSQL
// refuses it in its own words. What is not known is never guessed: it becomes
// [ParamUnknown] or [Unknown], and the session has to assume the worst.
//
// What it cannot see: the bodies of functions, triggers and rules, and text
// that a function runs (EXECUTE in PL/pgSQL). The body of a DO is searched
// for words that change a session. It reads text as a server with
// standard_conforming_strings = on and an ASCII-compatible encoding does; for
// any other session use [Opaque].
//
// Where to look: a statement with the wrong effect, analyze.go and
// testdata/sql; a name overlooked, inventory.go and expression.go; the wrong
// clause blamed, blame.go; both with testdata/sql/facts; two statements taken
// for the same, skeleton.go; a statement not recognised after a parse failed,
// scanner.go; a stall, reader.go.
package sqlparse
