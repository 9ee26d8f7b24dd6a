// Package pgmock plays a PostgreSQL peer by a script: a server that lies,
// stalls or dies at the right moment, a client that sends half a message.
//
// It owns Peer, one end of a connection, and Server, a listener that plays
// the same script on every connection. Messages are made and read by
// pgproto3, so that what wye encodes is checked by somebody else's code.
//
// It never decides whether a test has failed: scripts return errors, and
// Server.Close hands them over. It is for what a real server cannot be made
// to do; everything else is tested with internal/testpg. When a test hangs,
// the peer is waiting in Read for a message that never came.
package pgmock
