// Package scatter reads what several servers answer to one statement.
//
// A [Stream] is one server's answer: whoever runs the statement sends all
// requests first and then takes rows from the stream that it needs next. The
// servers work at the same time; what is not yet read waits in the sockets,
// and a server whose socket is full waits too. So there are no goroutines
// here, nothing to join, and memory is bounded by a buffer per server.
//
// It owns the reading of one answer, frame by frame, up to ReadyForQuery. It
// never decides what is run where, never changes a row, never opens or closes
// a connection. When an answer seems to belong to another statement, look at
// Stream.Finish: every stream must be finished before its conn is used again.
package scatter
