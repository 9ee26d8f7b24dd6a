package commit

import (
	"context"
	"errors"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Conn is a connection to a shard's primary. An error is a *pgerror.Error
// when the server answered with one. Any other, and a fatal one, means that
// the connection is lost and the outcome not known; so does the end of ctx,
// which Exec must heed.
type Conn interface {
	// Exec runs SQL of one or more statements by the simple protocol and
	// returns the command tag of the last one, which matters: a COMMIT of a
	// failed transaction succeeds as "ROLLBACK". A cancel request of the
	// client must not be passed on meanwhile.
	Exec(ctx context.Context, sql string) (tag string, err error)
}

// AdminConn is a connection of wye's own, of a role that may finish other
// roles' prepared transactions: a superuser. Its user does not change.
type AdminConn interface {
	Conn
	// Query returns the rows of one statement as text, NULL as "".
	Query(ctx context.Context, sql string) ([][]string, error)
	Close()
}

// Dialer connects to the primary that a shard has now, in the cluster's
// database. Each call gives a connection of its own.
type Dialer func(ctx context.Context, shard int) (AdminConn, error)

// Participant is a shard that the transaction was opened on. Its transaction
// is open, and not failed, when Commit gets it.
type Participant struct {
	Shard int // each shard at most once
	Conn  Conn
	// Wrote must be true unless it is certain that nothing was written.
	Wrote bool
	// Plain: PostgreSQL would refuse to prepare it (temporary tables, NOTIFY).
	// It becomes the decider, which is not prepared; there cannot be two.
	Plain bool
	// Late: it did not write, but holds locks that must last until the others
	// have committed. An error of its COMMIT can then fail nothing any more,
	// so a serializable transaction is better not late.
	Late bool
}

// said returns the server's error if it is one after which the connection
// and its session go on; nil means that the connection is lost.
func said(err error) *pgerror.Error {
	var e *pgerror.Error
	if errors.As(err, &e) && !e.IsFatal() {
		return e
	}
	return nil
}

// saidCode reports whether the server's error has the SQLSTATE.
func saidCode(err error, code string) bool {
	e := said(err)
	return e != nil && e.Code == code
}
