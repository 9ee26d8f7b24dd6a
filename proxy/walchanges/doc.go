// Package walchanges reads which tables a primary's log says were written: the
// output of PostgreSQL's own test_decoding plugin, of which only the names
// matter. It asks nobody; package proxy has the connection.
//
// Why that plugin and not pgoutput: pgoutput needs a publication, and from the
// moment a table without replica identity is in one, PostgreSQL refuses the
// users' own UPDATE and DELETE of it. test_decoding needs nothing but a slot,
// sees all tables, and comes with PostgreSQL. What it says of rows is passed
// over unread.
//
// A transaction that wrote no table is told of too: it may have changed
// definitions or rights, which the log does not show in any other way.
//
// When a table's name is not recognised, look at [Line]; when positions stand
// still, at [Message].
package walchanges
