// Package transcript plays written conversations in PostgreSQL's wire
// protocol and compares what the server says with what it said before.
//
// It owns the format of testdata/wire/*.txt, the bytes that a `>` line stands
// for and the way an answer is printed. It never decides what is right: a
// golden answer is whatever a real PostgreSQL said (WYE_REWRITE=1 asks it
// again), and wye must say the same.
//
// A file is read line by line:
//
//	# comment
//	setup SQL             run over a private connection before the file starts
//	cleanup SQL           the same after it ended, also when it failed
//	mask "regexp" "text"  replace in every printed answer (pids, LSNs, times)
//	fold D                print a run of these messages as a count and a hash
//	hide S                print none of these messages
//	open NAME k=v ...     log in with these startup parameters, print nothing
//	startup NAME k=v ...  the same, print the answers; version=3.2 asks for one
//	dial NAME             connect only; then `> ssl`, `> gss`, `> startup k=v`;
//	                      `dial NAME noauth` leaves authentication unanswered
//	@NAME                 talk on this connection (opened if it is not)
//	cancel NAME           CancelRequest with NAME's key; `cancel NAME wrong` with another
//	close NAME            drop the TCP connection without Terminate
//	sleep 100ms
//	> Q "select 1"        one client message; lines that follow each other are one write,
//	                      a blank line or a comment begins the next
//	? Z 2                 read until the second Z; also any other type, closed, quiet, none
//	< C "SELECT 1"        an answer
//	# through wye: reason
//	w< C "SELECT 1"       the answers that wye gives instead of the lines above
//
// Without a `?` line the runner reads until as many Z came as Q, S and F were
// sent; after X until the close; else until 50 ms passed in silence.
// Client messages: see send.go. Where to look when it breaks: a wrong byte in
// send.go, a wrong line in print.go, a hang in conn.go.
package transcript
