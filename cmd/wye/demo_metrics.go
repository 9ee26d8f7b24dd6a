package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// tourMetrics reads /metrics and /readyz as a monitor would.
func tourMetrics(ctx context.Context, r *rig) (f finding, err error) {
	text, err := get(ctx, r.webURL()+"/metrics")
	if err != nil {
		return f, err
	}
	samples := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			samples++
		}
	}
	if _, err := get(ctx, r.webURL()+"/readyz"); err != nil {
		return f, err
	}
	pools, err := r.show(ctx, "POOLS WHERE user = '"+r.app.name+"' AND database = '"+rigDatabase+"'")
	if err != nil {
		return f, err
	}
	if len(pools) != 1 {
		return f, fmt.Errorf("SHOW POOLS has %d pools of %s, want 1", len(pools), r.app.name)
	}
	p := pools[0]
	f.text = fmt.Sprintf("/metrics has %d samples, /readyz says 200, SHOW POOLS: cl_active %s, sv_idle %s, maxwait %s",
		samples, p["cl_active"], p["sv_idle"], p["maxwait"])
	f.figures = map[string]any{"samples": samples, "cl_active": p["cl_active"], "sv_active": p["sv_active"], "sv_idle": p["sv_idle"]}
	if !strings.Contains(text, "wye_build_info{") {
		err = fmt.Errorf("/metrics has no wye_build_info")
	}
	return f, err
}

// maxPage is far more than /metrics of one pool has.
const maxPage = 4 << 20

// get reads a page; an answer other than 200 is an error.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s: %s", url, resp.Status, strings.TrimSpace(string(body)))
	}
	return string(body), nil
}
