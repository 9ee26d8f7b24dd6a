package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// maxAskedMessage bounds, in bytes, one message of an answer to a question
// of wye's own. A view's definition is one of them.
const maxAskedMessage = 64 << 20

// askRows runs one statement and returns its rows, NULL as "".
func askRows(ctx context.Context, conn *protocol.ServerConn, sql string) ([][]string, error) {
	results, err := askAll(ctx, conn, sql)
	if err != nil || len(results) == 0 {
		return nil, err
	}
	var rows [][]string
	for _, r := range results[len(results)-1] {
		row := make([]string, len(r))
		for i, v := range r {
			if v != nil {
				row[i] = *v
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// askAll runs a text of statements by the simple protocol and returns the
// rows of each that has any, as text; nil is NULL. It returns when ctx ends,
// whatever the server does. What the server refuses is a *pgerror.Error,
// after which the connection is in step unless that is fatal; after any other
// error it is of no use.
func askAll(ctx context.Context, conn *protocol.ServerConn, sql string) ([][][]*string, error) {
	a, err := askText(ctx, conn, sql)
	if err != nil {
		return nil, err
	}
	return a.results, nil
}

// askText is askAll with all that was answered.
func askText(ctx context.Context, conn *protocol.ServerConn, sql string) (*textAnswer, error) {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	a, err := converseText(conn, sql)
	if !stop() && err == nil {
		err = ctx.Err() // its deadline may be set already
	}
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w (%w)", ctx.Err(), err)
	}
	return a, err
}

func converseText(conn *protocol.ServerConn, sql string) (*textAnswer, error) {
	if err := conn.Send(protocol.AppendQuery(nil, sql)); err != nil {
		return nil, err
	}
	buf := protocol.NewAnswerBuffer()
	defer buf.Release()
	a := new(textAnswer)
	for {
		b := buf.Unread()
		typ, total, ok, err := protocol.Peek(b)
		switch {
		case err != nil:
			return nil, err
		case ok && total > maxAskedMessage:
			return nil, fmt.Errorf("message %q of %d bytes in the answer to a question of ours", typ, total)
		case ok && len(b) >= total:
			done, err := a.take(typ, b[protocol.HeaderLen:total])
			buf.Consume(total)
			if done || err != nil {
				return a, err
			}
			continue
		case len(b) == len(buf.B):
			buf.Grow(2 * len(b))
		}
		if err := conn.Recv(buf); err != nil {
			return nil, err
		}
	}
}

// textAnswer collects what a server says to one Query.
type textAnswer struct {
	results [][][]*string
	tag     string // of the last statement
	refusal *pgerror.Error
}

// take takes one message; done is true with the last one.
func (a *textAnswer) take(typ byte, body []byte) (done bool, err error) {
	switch typ {
	case 'T':
		a.results = append(a.results, nil)
	case 'D':
		if len(a.results) == 0 {
			return false, errors.New("a row without a description")
		}
		var row []*string
		if !protocol.DataRow(body, func(_ int, v []byte) { row = append(row, textOrNull(v)) }) {
			return false, errors.New("malformed row")
		}
		last := &a.results[len(a.results)-1]
		*last = append(*last, row)
	case 'E':
		a.refusal = pgerror.Parse(body)
		if a.refusal.IsFatal() {
			return true, a.refusal
		}
	case 'Z':
		if a.refusal != nil {
			return true, a.refusal
		}
		return true, nil
	case 'C':
		tag, _, _ := protocol.CString(body)
		a.tag = string(tag)
	case 'I', 'N', 'S', 'A':
	default:
		return false, fmt.Errorf("unexpected message %q in the answer to a question of ours", typ)
	}
	return false, nil
}

func textOrNull(v []byte) *string {
	if v == nil {
		return nil
	}
	s := string(v)
	return &s
}
