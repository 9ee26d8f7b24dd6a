package drill

import (
	"context"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// statementPatience bounds one statement of a corpus: some wait for what never
// comes.
const statementPatience = 10 * time.Second

// play sends a script in a session of its own and returns the SQLSTATE, or
// NoWord, of each statement; once the session is over, of all the rest too.
func (c Corpus) play(ctx context.Context, i int, script Script) []string {
	codes := make([]string, len(script))
	for j := range codes {
		codes[j] = NoWord
	}
	conn, err := pgconn.Connect(ctx, c.URL)
	if err != nil {
		return codes
	}
	raw, err := conn.Hijack()
	if err != nil {
		return codes
	}
	defer raw.Conn.Close()
	for j, sql := range script {
		code, ok := c.ask(raw.Conn, raw.Frontend, marked(sql, i, j))
		codes[j] = code
		if !ok {
			return codes
		}
	}
	raw.Frontend.Send(&pgproto3.Terminate{})
	_ = raw.Frontend.Flush() // the session is over either way
	return codes
}

// ask sends one text and reads its whole answer; false when the session ended.
// pgconn itself refuses some of what a corpus has, like COPY FROM STDIN.
func (c Corpus) ask(conn net.Conn, front *pgproto3.Frontend, sql string) (code string, ok bool) {
	conn.SetDeadline(time.Now().Add(statementPatience))
	if c.Extended {
		front.Send(&pgproto3.Parse{Query: sql})
		front.Send(&pgproto3.Bind{})
		front.Send(&pgproto3.Describe{ObjectType: 'P'})
		front.Send(&pgproto3.Execute{})
		front.Send(&pgproto3.Sync{})
	} else {
		front.Send(&pgproto3.Query{String: sql})
	}
	for {
		if err := front.Flush(); err != nil {
			return orNoWord(code), false
		}
		m, err := front.Receive()
		if err != nil {
			return orNoWord(code), false
		}
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			if code == "" {
				code = m.Code
			}
		case *pgproto3.CopyInResponse:
			front.Send(&pgproto3.CopyDone{})
			if c.Extended {
				front.Send(&pgproto3.Sync{}) // the first one was ignored, as in chapter "COPY Operations"
			}
		case *pgproto3.ReadyForQuery:
			return code, true
		}
	}
}

func orNoWord(code string) string {
	if code == "" {
		return NoWord
	}
	return code
}
