package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/wyeproxy/wye/proxy"
)

// checkTimeout bounds all of `wye check --connect`.
const checkTimeout = time.Minute

// checkServers is `wye check --connect`: 0 when the file and the servers are
// right, 1 when something is not, with a line for each.
func checkServers(arg string, out, errs io.Writer) int {
	cfg, ok := load(arg, errs)
	if !ok {
		return exitFailed
	}
	ctx, stop := context.WithTimeout(context.Background(), checkTimeout)
	defer stop()
	wrong, err := proxy.Inspect(ctx, cfg)
	if err != nil {
		fmt.Fprintln(errs, err)
		return exitFailed
	}
	for _, line := range wrong {
		fmt.Fprintln(errs, line)
	}
	if len(wrong) > 0 {
		return exitFailed
	}
	fmt.Fprintf(out, "%s is right, and so are the servers: %s\n", name(arg), summary(cfg))
	return exitOK
}
