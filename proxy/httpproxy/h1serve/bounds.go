package h1serve

import (
	"io"
	"time"
)

// slack is how much later than wanted a read may end: deadlines cost a timer
// each.
func slack(d time.Duration) time.Duration { return min(time.Second, d/8) }

// within bounds reads: d from now, and slack.
func (c *conn) within(d time.Duration) {
	d = max(d, 0)
	least := time.Now().Add(d)
	most := least.Add(slack(d))
	if c.until.Before(least) || c.until.After(most) {
		c.until = most
		_ = c.nc.SetReadDeadline(most)
	}
}

// unbounded takes the bound of reads away.
func (c *conn) unbounded() {
	c.until = time.Time{}
	_ = c.nc.SetReadDeadline(time.Time{})
}

// How long, and how many bytes, a client is listened to that is not done when
// its conn is: closed at once, it would lose the answer to a reset.
const (
	lingering = 500 * time.Millisecond
	lingered  = 256 << 10
)

// linger closes the conn when the client has, or does not for long.
func (c *conn) linger() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = c.nc.SetReadDeadline(time.Now().Add(lingering))
		_, _ = io.CopyN(io.Discard, c.nc, lingered)
	}
	_ = c.nc.Close()
}
