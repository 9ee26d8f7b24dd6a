// Package copysplit takes the bytes of COPY apart and puts them together.
//
// It owns what a COPY in text, csv or binary format looks like: the Splitter
// cuts COPY FROM STDIN into rows and finds the sharding key's columns in
// them, so that each row can go to its shard, byte by byte as it came; the
// Joiner makes one COPY TO STDOUT of several; the Writer one of rows.
//
// It never changes a row, never converts a value or its encoding, and does
// not know where a row goes. It holds one row and one chunk at most.
//
// It reads bytes, not characters, as PostgreSQL does once the data are in the
// server's encoding. So client_encoding must be the server's: in SJIS, BIG5,
// GBK and their kin a character can end in a byte that looks like a backslash.
//
// When a row is cut in the wrong place, look at line.go and binary.go; when a
// key is wrong, at text.go and csv.go. The tests ask a real PostgreSQL.
package copysplit
