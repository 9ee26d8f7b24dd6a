// Package shardfunc holds the values of sharding keys and what is computed
// from them: PostgreSQL's own partition hash, and the order of range maps.
//
// A [Value] is canonical: the same whether it came as text, in binary or as a
// constant, so values may be compared with == within one type. The rules of
// input are PostgreSQL's, but only those that no setting and no version
// changes; for the rest the answer is [ErrUnknown], and a server is asked. A
// wrong value would send a row to the wrong shard, and nobody would notice.
//
// It never does I/O. When it breaks: hash_test.go compares each type with a
// real PostgreSQL, and [SelfCheck] is the same comparison for a server in use.
package shardfunc
