package leakcheck

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
)

// pair is one session on each side. It belongs to one goroutine.
type pair struct {
	id      int
	options Options
	tally   *tally
	rand    *rand.Rand

	pooled, private *side
	startup         map[string]string // parameters both were opened with
	past            []string          // the last steps, for the report
	sinceReset      int               // steps since the session was last made clean
	serial          int               // makes values of this session its own
}

// work takes steps until all are taken.
func (p *pair) work(ctx context.Context, taken *atomic.Int64) error {
	defer p.close()
	if err := p.reopen(ctx); err != nil {
		return err
	}
	for step := 0; ctx.Err() == nil && taken.Add(1) <= int64(p.options.Steps); step++ {
		if p.options.sabotage != nil {
			p.options.sabotage(p, step)
		}
		s := p.next()
		p.tally.step(s.kind)
		if s.kind == "reconnect" {
			p.tally.reconnect()
			if err := p.reopen(ctx); err != nil {
				return err
			}
			continue
		}
		p.remember(s.kind + ": " + s.text)
		if !p.same(ctx, s) {
			if err := p.reopen(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// same gives both sides the step and compares.
func (p *pair) same(ctx context.Context, s step) bool {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	got, want := p.pooled.outcome(ctx, s), p.private.outcome(ctx, s)
	if got == want {
		return true
	}
	if ctx.Err() == context.Canceled {
		return false
	}
	p.tally.difference(p.id, p.past, got, want)
	return false
}

func (p *pair) remember(line string) {
	p.past = append(p.past, line)
	if len(p.past) > history {
		p.past = p.past[1:]
	}
}

// reopen leaves both sessions as they stand, in whatever state, and begins two
// new ones with startup parameters of their own.
func (p *pair) reopen(ctx context.Context) error {
	p.close()
	p.sinceReset = 0
	// A custom setting that was ever set is an empty string in that server
	// session for good, no pooler can make it unknown again: so it always is one.
	p.startup = map[string]string{"application_name": fmt.Sprintf("leak %d", p.id), "options": "-c leak.custom= -c leak.other="}
	for _, name := range []string{"TimeZone", "DateStyle", "work_mem", "search_path"} {
		if p.rand.IntN(3) == 0 {
			p.startup[name] = pick(p.rand, valuesOf(name))
		}
	}
	if p.rand.IntN(4) == 0 {
		p.startup["options"] = "-c lock_timeout=7min -c leak.custom=from_options -c leak.other="
	}
	p.past = []string{fmt.Sprintf("startup %v", p.startup)}
	var err error
	if p.pooled, err = open(ctx, p.options.Pooled, p.startup); err != nil {
		return fmt.Errorf("pooled: %w", err)
	}
	if p.private, err = open(ctx, p.options.Private, p.startup); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	return nil
}

func (p *pair) close() {
	for _, s := range []*side{p.pooled, p.private} {
		if s != nil {
			s.conn.Close(context.Background())
		}
	}
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
