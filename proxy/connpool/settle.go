package connpool

import (
	"context"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// BeginCancel announces a cancel request for this conn; EndCancel must
// follow. Any goroutine may call them. Between the two the conn is not given
// to anyone else (see Settle): a cancel that comes late would hit the next
// client's query.
func (c *Conn) BeginCancel() { c.cancels.Add(1) }

// EndCancel ends what BeginCancel began.
func (c *Conn) EndCancel() {
	if c.cancels.Add(-1) == 0 {
		select {
		case c.calm <- struct{}{}:
		default:
		}
	}
}

// Cancel asks the server to cancel what the conn is doing. Any goroutine may
// call it, between BeginCancel and EndCancel. After an error the request may
// still arrive: then nobody gets the conn after its borrower.
func (c *Conn) Cancel(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, protocol.CancelTimeout)
	defer stop()
	err := c.pool.servers.Cancel(ctx, c.ServerConn)
	if err != nil {
		c.stray.Store(true)
	}
	return err
}

// settlePatience is how long a client waits for its answer because a cancel
// request has not ended.
const settlePatience = 2 * time.Second

// Settle returns when no cancel request can hit the conn any more, or dooms
// it when that takes long. The borrower calls it when the client's work is
// done, after it has stopped offering the conn to cancels and before anything
// else runs on it.
func (c *Conn) Settle() error {
	if c.cancels.Load() == 0 || c.doomed {
		return nil
	}
	patience := time.NewTimer(settlePatience)
	defer patience.Stop()
	for c.cancels.Load() != 0 {
		select {
		case <-c.calm:
		case <-patience.C:
			c.Doom()
			return nil
		}
	}
	// The signal has been sent, but may not have been noticed: a Sync takes
	// it, and leaves the unnamed portal alone, which a Query would not.
	_, err := c.Ask(protocol.AppendFrame(nil, 'S'), nil)
	if e, ok := err.(*pgerror.Error); ok && e.Code == pgerror.QueryCanceled {
		err = nil
	}
	return err
}
