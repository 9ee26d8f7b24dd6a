package canceltest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

const answerTimeout = 30 * time.Second

// shoot sends cancels at random clients until all are sent. One in ten has a
// wrong key and names a bystander.
func (r *run) shoot(ctx context.Context, chance *rand.Rand) error {
	for ctx.Err() == nil && r.fired.Add(1) <= int64(r.options.Cancels) {
		c := r.clients[chance.IntN(len(r.clients))]
		if wait := chance.IntN(4); wait > 0 {
			time.Sleep(time.Duration(chance.IntN(wait*2000)) * time.Microsecond)
		}
		if chance.IntN(10) == 0 && !c.target {
			if err := r.send(ctx, c.key(!r.options.sabotage)); err != nil {
				return err
			}
			r.count(&r.report.WrongKeys)
			continue
		}
		if !c.target {
			c = r.clients[c.id-1]
		}
		c.aimed()
		err := r.send(ctx, c.key(false))
		c.answered()
		if err != nil {
			return err
		}
		r.count(&r.report.Cancels)
	}
	return ctx.Err()
}

// send is one CancelRequest. It returns when the server has closed: by then
// the signal has been sent, and a pooler has passed the request on.
func (r *run) send(ctx context.Context, key []byte) error {
	if key == nil {
		return nil // that client is just connecting
	}
	addr := net.JoinHostPort(r.config.Host, strconv.Itoa(int(r.config.Port)))
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	out := binary.BigEndian.AppendUint32(nil, uint32(8+len(key)))
	out = binary.BigEndian.AppendUint32(out, 80877102) // CANCEL_REQUEST_CODE in libpq/pqcomm.h
	if _, err := conn.Write(append(out, key...)); err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	conn.SetReadDeadline(time.Now().Add(answerTimeout))
	if b, err := io.ReadAll(conn); err != nil || len(b) > 0 {
		return fmt.Errorf("cancel answered %x, %v", b, err)
	}
	return nil
}
