//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/internal/bench/load"
)

// crawl is what a large result to a slow reader costs.
type crawl struct {
	target string
	bytes  int64
	took   time.Duration
	grown  int64 // the proxy's peak resident memory over what it had before, bytes
	err    error
}

// The reader pauses once, long enough for every buffer on the way to fill,
// and then takes this much a second.
const (
	slowPause = 500 * time.Millisecond
	slowRate  = 100e6
	slowRow   = 1_000_000
)

// crawls measures each proxy in a process of its own.
func (s *stage) crawls(ctx context.Context, names []string) []crawl {
	var all []crawl
	for _, name := range names {
		if name == direct || ctx.Err() != nil {
			continue
		}
		c := crawl{target: name}
		c.err = s.crawl(ctx, &c)
		all = append(all, c)
	}
	return all
}

func (s *stage) crawl(ctx context.Context, c *crawl) error {
	proxy, t, err := s.proxy(ctx, c.target, false, -1)
	if err != nil {
		return err
	}
	defer proxy.stop()
	conn, err := load.Dial(ctx, t)
	if err != nil {
		return err
	}
	defer conn.Close()
	// A small result first, so that code and buffers any result needs are there.
	const ask = "SELECT repeat('x', %d) FROM generate_series(1, %d)"
	if err := conn.Query(fmt.Sprintf(ask, slowRow, 20), nil); err != nil {
		return err
	}
	before, err := memory(proxy.pid(), "status", "VmRSS")
	if err != nil {
		return err
	}
	if err := resetPeak(proxy.pid()); err != nil {
		return err
	}
	began := time.Now()
	err = conn.Query(fmt.Sprintf(ask, slowRow, s.options.bytes/slowRow+1), func(n int) {
		if c.bytes == 0 {
			time.Sleep(slowPause)
		}
		c.bytes += int64(n)
		due := began.Add(slowPause + time.Duration(float64(c.bytes)/slowRate*float64(time.Second)))
		if n > slowRow {
			time.Sleep(time.Until(due))
		}
	})
	if err != nil {
		return err
	}
	c.took = time.Since(began)
	peak, err := memory(proxy.pid(), "status", "VmHWM")
	c.grown = peak - before
	return err
}

func crawlTable(all []crawl) *table {
	t := &table{head: []string{"target", "result MiB", "took s", "memory grew by KiB", "note"}}
	for _, c := range all {
		if c.err != nil {
			t.add(c.target, fmt.Sprint(c.bytes>>20), "-", "-", c.err.Error())
			continue
		}
		t.add(c.target, fmt.Sprint(c.bytes>>20), fmt.Sprintf("%.1f", c.took.Seconds()), fmt.Sprint(c.grown>>10), "")
	}
	return t
}
