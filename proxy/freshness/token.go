package freshness

import (
	"fmt"
	"strconv"
	"strings"
)

// Token is a position that one process hands to another, so that its reads
// there see what was written here. The zero Token asks for nothing.
type Token struct {
	Timeline uint32
	LSN      LSN
}

// String is the text of SHOW wye.token: timeline, slash, LSN.
func (t Token) String() string { return fmt.Sprintf("%d/%s", t.Timeline, t.LSN) }

// ParseToken reads what String writes. The empty text is the zero Token.
func ParseToken(s string) (Token, error) {
	if s == "" {
		return Token{}, nil
	}
	timeline, rest, _ := strings.Cut(s, "/")
	tl, err := strconv.ParseUint(timeline, 10, 32)
	lsn, lsnErr := ParseLSN(rest)
	if err != nil || lsnErr != nil {
		return Token{}, fmt.Errorf("%q is not a token: want timeline/position, such as 1/0/3000148", s)
	}
	return Token{uint32(tl), lsn}, nil
}

// TokenOf is a token that covers every write acknowledged at or before at.
// ok is false when the primary was not sampled since: sample, then ask again.
// Never written (0) needs no sample.
func (c *Clock) TokenOf(at Instant) (t Token, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at == 0 {
		return Token{Timeline: c.timeline}, true
	}
	s, ok := c.ring.since(at)
	return Token{c.timeline, s.lsn}, ok
}

// AsOf is the instant a replica must be fresh as of to show what the token
// covers: that of the earliest known sample past it. Where no sample is past
// it yet, or this process has not heard of its timeline, it is now: the
// token was made before it was given to us. A token of an older timeline asks
// for what survived of it, and any sample of this one covers that.
func (c *Clock) AsOf(t Token, now Instant) Instant {
	if t.LSN == 0 {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Timeline > c.timeline {
		return now
	}
	if t.Timeline < c.timeline {
		t.LSN = 0
	}
	s, ok := c.ring.past(t.LSN)
	if !ok {
		return now
	}
	return min(s.at, now)
}
