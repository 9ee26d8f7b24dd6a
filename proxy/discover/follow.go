package discover

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// Source is one place where servers are listed.
type Source interface {
	// Watch calls found with the complete list, at once and after each change,
	// until ctx ends or the registry fails; then it returns why. It may call it
	// with the same list again. Each wait inside is bounded.
	Watch(ctx context.Context, found func([]upstream.Target)) error
}

// errEmpty is what an empty list is taken for.
var errEmpty = errors.New("it lists no servers; those known before stay")

// Follow watches src until ctx ends. found gets every list that differs from
// the one before, sorted by address; it may refuse one, which counts as a
// failure of the registry. trouble gets each new failure once, and nil when all
// is well again. Both are called from this goroutine.
func Follow(ctx context.Context, src Source, found func([]upstream.Target) error, trouble func(error)) {
	f := follower{found: found, trouble: trouble}
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		f.heard = false
		err := src.Watch(ctx, f.take)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			f.say(err)
		}
		if f.heard {
			pause = firstPause
		}
		wait(ctx, pause)
	}
}

// Pauses before a registry that failed is asked again; each is shortened by
// up to a half at random, so that many proxies do not come back at once.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 10 * time.Second
)

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d - rand.N(d/2))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// follower is what Follow remembers between two lists.
type follower struct {
	found   func([]upstream.Target) error
	trouble func(error)
	last    []upstream.Target
	said    string // the failure that was told last
	heard   bool   // a list came in this Watch
}

// take hands a list on if it is news.
func (f *follower) take(list []upstream.Target) {
	f.heard = true
	list = tidy(list)
	if len(list) == 0 {
		f.say(errEmpty)
		return
	}
	if !slices.Equal(list, f.last) {
		if err := f.found(list); err != nil {
			f.say(err)
			return
		}
		f.last = list
	}
	f.say(nil)
}

func (f *follower) say(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != f.said {
		f.said = text
		f.trouble(err)
	}
}

// tidy sorts a list by address and drops what is there twice: registries list
// in any order, and DNS in another one each time.
func tidy(list []upstream.Target) []upstream.Target {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b upstream.Target) int { return strings.Compare(a.Addr, b.Addr) })
	return slices.CompactFunc(list, func(a, b upstream.Target) bool { return a.Addr == b.Addr })
}
