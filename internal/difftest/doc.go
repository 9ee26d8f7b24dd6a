// Package difftest is the differential test of sharding: it runs each
// statement of testdata/difftest/corpus on one plain PostgreSQL that holds all
// rows and on a target that should look the same, in each mode of the protocol
// and inside and outside transactions, and compares everything a client sees.
//
// A target's answer is equal, refused (politely: with a SQLSTATE for that, a
// message and a hint) or wrong. wye over shards must never be wrong. Two other
// targets judge the corpus itself: a second plain PostgreSQL, whose rows lie in
// another physical order, must be equal everywhere, and a naive scatter that
// only concatenates must be wrong on at least half.
//
// It owns the corpus's format, the servers of the test and where their rows
// are. It never looks into a plan: what counts is what a client gets.
//
// When it breaks: a wrong answer is printed with the case's file and line, the
// mode and the first difference; run it alone with WYE_DIFFTEST_ONLY=file:line,
// or one layout with WYE_DIFFTEST_LAYOUT="4 shards by range".
// The configuration given to wye is testdata/difftest/wye.yaml.
package difftest
