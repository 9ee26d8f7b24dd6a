package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// Switchovers hands the primary's role to its replica and back under writes,
// in the planned way that Switch knows.
type Switchovers struct {
	URL           string
	Primary, Heir *testpg.Node
	Runs          int
	Writers       Writers // but for its URL

	// Switch moves the role and returns when the heir takes writes. It may
	// leave the old primary running, stopped or as replica: the drill makes it
	// a replica before the next run.
	Switch func(ctx context.Context, from, to *testpg.Node) error
	// Ready, if set, is as in Kills.
	Ready func(ctx context.Context, primary, heir *testpg.Node) error
}

// SwitchReport is what Switchovers saw; Gaps and ClientGaps have one entry per
// run.
type SwitchReport struct {
	Writes           Writes
	Gaps, ClientGaps Times
	Elapsed          time.Duration
}

// String is one line for a log.
func (r *SwitchReport) String() string {
	return fmt.Sprintf("%d switchovers in %.1fs: gap %v; of one client %v; %v",
		len(r.Gaps), r.Elapsed.Seconds(), r.Gaps, r.ClientGaps, &r.Writes)
}

// Run does all runs. An error means that the drill could not go on.
func (s Switchovers) Run(ctx context.Context) (*SwitchReport, error) {
	s.Writers.URL = s.URL
	r := &SwitchReport{Writes: Writes{Failed: Codes{}}}
	begun := time.Now()
	if err := PrepareWrites(ctx, s.Primary); err != nil {
		return r, err
	}
	for i := range s.Runs {
		if err := s.run(ctx, r); err != nil {
			return r, fmt.Errorf("switchover %d: %w", i+1, err)
		}
		s.Primary, s.Heir = s.Heir, s.Primary
	}
	r.Elapsed = time.Since(begun)
	return r, nil
}

func (s Switchovers) run(ctx context.Context, r *SwitchReport) error {
	same := Kills{Primary: s.Primary, Heir: s.Heir, Ready: s.Ready}
	if err := same.prepare(ctx); err != nil {
		return err
	}
	load, err := s.Writers.Start(ctx)
	if err != nil {
		return err
	}
	pause(ctx, 100*time.Millisecond)
	err = s.switchOver(ctx, load)
	w := load.Stop()
	if err != nil {
		return fmt.Errorf("%w; %v", err, w)
	}
	if err := w.Compare(ctx, s.Heir); err != nil {
		return err
	}
	r.Writes.add(w)
	r.Gaps = append(r.Gaps, w.Gap)
	r.ClientGaps = append(r.ClientGaps, w.ClientGap)
	return s.Primary.Rejoin(ctx, s.Heir)
}

func (s Switchovers) switchOver(ctx context.Context, load *Load) error {
	if err := s.Switch(ctx, s.Primary, s.Heir); err != nil {
		return err
	}
	v, err := s.Heir.Value(ctx, "SELECT pg_is_in_recovery()")
	if err != nil {
		return err
	}
	if v != "f" {
		return fmt.Errorf("%s is no primary", s.Heir.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	return load.WaitAll(ctx, time.Now())
}
