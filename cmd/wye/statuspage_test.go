package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestStatusPage: the page for people says of a running wye what becomes of
// pools: who answers, how often, and who does not and why.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	servers, cfg := httpPool(t, "")
	p := startProcess(t, nil, cfg)
	a := newAsker(t, p.addr(), 4)
	for range 30 {
		if _, err := a.ask("/"); err != nil {
			t.Fatal(err)
		}
	}
	row := func(server string) string {
		code, page := fetch(t, p.addrs["admin.http"], "/status")
		if code != 200 {
			t.Fatalf("status %d: %s", code, page)
		}
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "<tr><td>"+server+"<td>") {
				return strings.TrimSpace(regexp.MustCompile("<t[^>]*>").ReplaceAllString(line, "|"))
			}
		}
		t.Fatalf("nothing about %s:\n%s", server, page)
		return ""
	}
	up := regexp.MustCompile(`^\|\|b\|127\.0\.0\.1:\d+\|up\|[^|]*\|\d+ s\|0\|\d+\.\d\|0\.0\|\d+\.\d ms\|10\|0$`)
	if got := row("b"); !up.MatchString(got) {
		t.Errorf("the page says %s", got)
	}
	servers[1].Kill()
	down := regexp.MustCompile(`^\|\|b\|127\.0\.0\.1:\d+\|down\|[^|]*refused[^|]*\|\d+ s\|0\|`)
	eventually(t, "the page says that b is down, and why", func() bool { return down.MatchString(row("b")) })
}
