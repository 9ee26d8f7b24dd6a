//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wyeproxy/wye/internal/bench/fakepg"
	"github.com/wyeproxy/wye/internal/bench/load"
)

// leastSplit is the share of the plain SELECTs that must reach the replica:
// with less, the CPU of wye-split is not the price of splitting.
const leastSplit = 0.95

// allReads says whether a cell is all plain SELECTs, each a transaction of
// its own.
func allReads(c cell) bool { return c.workload == "S" }

// splitShare is the share of a sample's statements with rows that the replica
// answered; 0 when there were none.
func (s sample) splitShare() float64 {
	if s.AtPrimary+s.AtReplica == 0 {
		return 0
	}
	return float64(s.AtReplica) / float64(s.AtPrimary+s.AtReplica)
}

// awaitSplit returns when reads through wye-split reach the replica: it has
// to find its servers and to read the catalog first, and nobody waits for
// that. Whoever logs in gives it the credential to do so.
func awaitSplit(ctx context.Context, t load.Target, f *fakepg.Server) error {
	ctx, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	c, err := load.Dial(ctx, t)
	if err != nil {
		return err
	}
	defer c.Close()
	sql := strings.ReplaceAll(oneSelect, ":aid", "1")
	for before := f.Rows(fakepg.Replica); f.Rows(fakepg.Replica) == before; {
		if err := c.Query(sql, nil); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s sends no read to the replica: %w", wyeSplit, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// splitReport prints where the SELECTs of wye-split went. The error says
// which measurements did not measure splitting.
func splitReport(b *bench, w io.Writer) error {
	var line []string
	var wrong error
	for _, c := range b.options.cells {
		all := b.samples[c.String()][wyeSplit]
		shares := figures(all, func(s sample) float64 { return 100 * s.splitShare() })
		if shares.n == 0 {
			continue
		}
		line = append(line, fmt.Sprintf("%s %.1f %%", c, shares.least))
		for _, s := range all {
			if s.good() && allReads(c) && s.splitShare() < leastSplit {
				wrong = errors.Join(wrong, fmt.Errorf("%s, rep %d: only %.1f %% of %s's SELECTs reached the replica, want %.0f %%: its CPU is not that of splitting",
					c, s.Rep+1, 100*s.splitShare(), wyeSplit, 100*leastSplit))
			}
		}
	}
	if len(line) > 0 {
		fmt.Fprintf(w, "\nSELECTs of %s that the replica answered, in the worst repetition: %s.\n", wyeSplit, strings.Join(line, ", "))
	}
	return wrong
}
