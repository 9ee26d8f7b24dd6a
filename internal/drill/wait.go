package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// waitFor looks every few milliseconds until the condition holds.
func waitFor(ctx context.Context, what string, holds func() bool) error {
	for !holds() {
		if !pause(ctx, 2*time.Millisecond) {
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		}
	}
	return nil
}

// waitValue asks a server until it gives the value.
func waitValue(ctx context.Context, n *testpg.Node, sql, want string) error {
	var err error
	waited := waitFor(ctx, n.Name+" to answer "+want+" to "+sql, func() bool {
		var got string
		got, err = n.Value(ctx, sql)
		return err != nil || got == want
	})
	if err != nil {
		return err
	}
	return waited
}

// pause returns after d, or false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
