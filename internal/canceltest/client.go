package canceltest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// client runs statements, one after the other, on one connection.
type client struct {
	id     int
	target bool
	run    *run
	rand   *rand.Rand
	serial int
	conn   *pgconn.PgConn

	mu       sync.Mutex
	packet   []byte    // pid and key, nil while connecting
	inFlight int       // cancels on their way to this client
	lastEnd  time.Time // when the last of them was answered
}

func (c *client) aimed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight++
}

func (c *client) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.lastEnd = time.Now()
}

// key is what a CancelRequest carries for this client, spoilt if wanted.
func (c *client) key(wrong bool) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.packet == nil {
		return nil
	}
	key := append([]byte(nil), c.packet...)
	if wrong {
		key[len(key)-1] ^= 0x55
	}
	return key
}

// deserved tells whether a statement that began then may have been cancelled.
func (c *client) deserved(begun time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.target && (c.inFlight > 0 || c.lastEnd.After(begun))
}

func (c *client) work(ctx context.Context) error {
	defer func() { c.disconnect() }()
	for ctx.Err() == nil {
		if c.conn == nil || c.rand.IntN(300) == 0 {
			if err := c.connect(); err != nil {
				return fmt.Errorf("client %d: %w", c.id, err)
			}
		}
		if err := c.statement(); err != nil {
			return fmt.Errorf("client %d: %w", c.id, err)
		}
	}
	return nil
}

func (c *client) disconnect() {
	c.mu.Lock()
	c.packet = nil
	c.mu.Unlock()
	if c.conn != nil {
		c.conn.Close(context.Background())
	}
}

func (c *client) connect() (err error) {
	c.disconnect()
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	if c.conn, err = pgconn.ConnectConfig(ctx, c.run.config.Copy()); err != nil {
		return err
	}
	packet := binary.BigEndian.AppendUint32(nil, c.conn.PID())
	c.mu.Lock()
	c.packet = append(packet, c.conn.SecretKey()...)
	c.mu.Unlock()
	return nil
}

// statement runs one with a tag of its own and judges how it ended.
func (c *client) statement() error {
	c.serial++
	tag := fmt.Sprintf("client %d statement %d", c.id, c.serial)
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	begun := time.Now()
	got, err := c.ask(ctx, tag)
	r := &c.run.report
	c.run.count(&r.Statements)
	var p *pgconn.PgError
	switch {
	case err == nil && got != tag:
		c.run.bad(&r.Crossed, "%s was answered %q", tag, got)
	case err == nil:
	case !errors.As(err, &p) || p.Code != "57014":
		return fmt.Errorf("%s: %w", tag, err)
	case c.deserved(begun):
		c.run.count(&r.Hits)
	case c.target:
		c.run.bad(&r.Late, "%s was cancelled after %v, all cancels were answered before it began", tag, time.Since(begun))
	default:
		c.run.bad(&r.Wrong, "%s was cancelled after %v, nobody aims at this client", tag, time.Since(begun))
	}
	return nil
}

// ask runs a short or a long statement, by one protocol or the other, alone or
// in a transaction, and returns the tag that came back.
func (c *client) ask(ctx context.Context, tag string) (string, error) {
	sql := fmt.Sprintf("select '%s'", tag)
	if c.rand.IntN(3) == 0 {
		sql = fmt.Sprintf("select '%s' from pg_sleep(%.4f)", tag, c.rand.Float64()*0.03)
	}
	switch c.rand.IntN(4) {
	case 0:
		return first(c.conn.Exec(ctx, sql).ReadAll())
	case 1:
		got, err := first(c.conn.Exec(ctx, "begin; "+sql+"; commit").ReadAll())
		if err != nil && c.conn.TxStatus() == 'E' {
			return got, errors.Join(err, c.rollback(ctx))
		}
		return got, err
	case 2:
		sql = "select $1::text from pg_sleep(0.002)"
	default:
		sql = "select $1::text"
	}
	r := c.conn.ExecParams(ctx, sql, [][]byte{[]byte(tag)}, nil, nil, nil).Read()
	return first([]*pgconn.Result{r}, r.Err)
}

// rollback may be hit by the next cancel; then it is tried again.
func (c *client) rollback(ctx context.Context) error {
	for c.conn.TxStatus() == 'E' {
		if _, err := c.conn.Exec(ctx, "rollback").ReadAll(); err != nil && c.conn.IsClosed() {
			return err
		}
	}
	return nil
}

func first(results []*pgconn.Result, err error) (string, error) {
	for _, r := range results {
		if err == nil && len(r.Rows) > 0 {
			return string(r.Rows[0][0]), nil
		}
	}
	return "", err
}
