package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// defaultHealth is what `wye health` asks without an argument: the default
// bind of admin.http.
const defaultHealth = "http://127.0.0.1:9630/readyz"

// healthLimit bounds the question; Docker and Kubernetes give up sooner or
// later themselves, but leave the process behind.
const healthLimit = 3 * time.Second

// runHealth is `wye health`: 0 when a running wye is ready. It is there for
// containers, which have no curl.
func runHealth(args []string, out, errs io.Writer) int {
	if len(args) > 1 {
		fmt.Fprintln(errs, "usage: wye health [URL]")
		return exitUsage
	}
	url := defaultHealth
	if len(args) == 1 {
		url = args[0]
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthLimit)
	defer cancel()
	body, err := get(ctx, url)
	if err != nil {
		fmt.Fprintln(errs, "wye:", err)
		return exitFailed
	}
	fmt.Fprintln(out, strings.TrimSpace(body))
	return exitOK
}
