//go:build linux

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/wyeproxy/wye/internal/bench/load"
)

// visit is what many clients cost that log in, run one query and sit idle.
type visit struct {
	target  string
	clients int
	secure  bool
	login   time.Duration // of all of them
	cpu     float64       // the proxy's, microseconds per login
	bytes   float64       // of the proxy's memory (Pss) per client
	err     error
}

// doors is how many clients log in at the same time.
const doors = 32

// visits measures each proxy in a process of its own, for what it once took
// it may not give back.
func (s *stage) visits(ctx context.Context, names []string) []visit {
	var all []visit
	for _, v := range []visit{{clients: s.options.idle / 10}, {clients: s.options.idle}, {clients: s.options.idle, secure: true}} {
		for _, name := range names {
			if name == direct || ctx.Err() != nil {
				continue
			}
			v.target = name
			got := v
			got.err = s.visit(ctx, &got)
			all = append(all, got)
		}
	}
	return all
}

func (s *stage) visit(ctx context.Context, v *visit) error {
	c, t, err := s.proxy(ctx, v.target, v.secure, -1)
	if err != nil {
		return err
	}
	defer c.stop()
	// First some guests who leave again: code and pools that all share.
	guests, err := s.admit(ctx, t, 4*poolSize)
	dismiss(guests)
	if err != nil {
		return err
	}
	time.Sleep(s.options.settle)
	before, err := memory(c.pid(), "smaps_rollup", "Pss")
	if err != nil {
		return err
	}
	cpu, err := c.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	guests, err = s.admit(ctx, t, v.clients)
	defer func() { dismiss(guests) }()
	if err != nil {
		return err
	}
	v.login = time.Since(began)
	used, err := c.cpu()
	if err != nil {
		return err
	}
	v.cpu = float64((used - cpu).Microseconds()) / float64(v.clients)
	for _, g := range guests { // so that buffers have been touched
		if err := g.Query("SELECT 1", nil); err != nil {
			return fmt.Errorf("query of an idle client: %w", err)
		}
	}
	time.Sleep(s.options.settle)
	after, err := memory(c.pid(), "smaps_rollup", "Pss")
	v.bytes = float64(after-before) / float64(v.clients)
	return err
}

// admit logs in n clients, each with SCRAM keys of its own making. On an
// error it returns those that came in.
func (s *stage) admit(ctx context.Context, t load.Target, n int) ([]*load.Conn, error) {
	var mu sync.Mutex
	var in []*load.Conn
	var failed error
	tickets := make(chan struct{}, n)
	for range n {
		tickets <- struct{}{}
	}
	close(tickets)
	var joined sync.WaitGroup
	for range doors {
		joined.Go(func() {
			for range tickets {
				c, err := load.Dial(ctx, t.Fresh(s.password))
				mu.Lock()
				if err != nil {
					failed = err
				} else {
					in = append(in, c)
				}
				stop := failed != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	joined.Wait()
	return in, failed
}

func dismiss(all []*load.Conn) {
	for _, c := range all {
		_ = c.Close()
	}
}

func visitTable(all []visit) *table {
	t := &table{head: []string{"clients", "line", "target", "SCRAM logins s", "logins/s", "CPU us/login", "memory per idle client KiB", "note"}}
	for _, v := range all {
		line := "plain"
		if v.secure {
			line = "TLS"
		}
		if v.err != nil {
			t.add(fmt.Sprint(v.clients), line, v.target, "-", "-", "-", "-", v.err.Error())
			continue
		}
		t.add(fmt.Sprint(v.clients), line, v.target, fmt.Sprintf("%.2f", v.login.Seconds()), fmt.Sprintf("%.0f", float64(v.clients)/v.login.Seconds()),
			fmt.Sprintf("%.0f", v.cpu), fmt.Sprintf("%.1f", v.bytes/1024), "")
	}
	return t
}
