package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestAccessLogRotation does what logrotate does, under load: it moves the file
// away and sends SIGHUP. Each request has its line in one of the files, once,
// and none that begins after the reload is in a file from before it. Every other
// time the configuration is wrong, which must not lose lines either; and at last
// the file cannot be made again, so that the one that was moved is gone on with.
func TestAccessLogRotation(t *testing.T) {
	t.Parallel()
	const rounds, perRound = 6, 150
	dir := t.TempDir()
	name := filepath.Join(dir, "access.log")
	_, good := httpPool(t, ", http: {access_log: "+name+"}")
	p := startProcess(t, nil, good)
	load := startRounds(t, p.addr())
	for round := range rounds {
		load.more(perRound)
		if err := os.Rename(name, fmt.Sprint(name, ".", round)); err != nil {
			t.Fatal(err)
		}
		text, says := good, "configuration reloaded"
		if round%2 == 1 {
			text, says = good+"nonsense: 1\n", "reload refused, the old configuration stays"
		}
		p.configure(nil, text)
		before := p.said(says)
		p.signal(syscall.SIGHUP)
		eventually(t, says, func() bool { return p.said(says) > before })
		load.round.Add(1)
	}
	load.more(perRound)
	if err := errors.Join(os.Rename(name, fmt.Sprint(name, ".", rounds)), os.Mkdir(name, 0o700)); err != nil {
		t.Fatal(err)
	}
	refused := p.said("reload refused, the old configuration stays")
	p.signal(syscall.SIGHUP)
	eventually(t, "a refusal", func() bool { return p.said("reload refused, the old configuration stays") > refused })
	load.more(perRound)
	load.stop()
	p.signal(syscall.SIGTERM)
	<-p.ended

	seen := map[string]int{}
	for file := range rounds + 1 {
		path := fmt.Sprint(name, ".", file)
		uris := loggedURIs(t, path)
		if len(uris) < perRound/2 {
			t.Errorf("%s has %d lines: nothing was written to it while it was in place", path, len(uris))
		}
		for _, uri := range uris {
			seen[uri]++
			begun, err := strconv.Atoi(strings.Split(uri, "/")[1])
			if err != nil || begun > file {
				t.Fatalf("%s has a request that began after reload %d: %s, %v", path, file, uri, err)
			}
		}
	}
	load.sent.Range(func(uri, _ any) bool {
		if n := seen[uri.(string)]; n != 1 {
			t.Errorf("%s has %d lines", uri, n)
		}
		delete(seen, uri.(string))
		return !t.Failed()
	})
	if len(seen) > 0 {
		t.Errorf("lines of %d requests that nobody sent", len(seen))
	}
	t.Logf("%d requests over %d files", load.count.Load(), rounds+1)
}

func loggedURIs(t *testing.T, path string) (uris []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var at struct{ URI string }
		if err := json.Unmarshal([]byte(line), &at); err != nil {
			t.Fatalf("%s: %q: %v", path, line, err)
		}
		uris = append(uris, at.URI)
	}
	return uris
}

// rounds asks without pause, each time for /ROUND/NUMBER.
type rounds struct {
	t            *testing.T
	round, count atomic.Int64
	sent         sync.Map // URIs
	quit         atomic.Bool
	asking       sync.WaitGroup
}

func startRounds(t *testing.T, addr string) *rounds {
	r := &rounds{t: t}
	a := newAsker(t, addr, 8)
	for range 8 {
		r.asking.Go(func() {
			for !r.quit.Load() {
				uri := fmt.Sprintf("/%d/%d", r.round.Load(), r.count.Add(1))
				r.sent.Store(uri, true)
				if _, err := a.ask(uri); err != nil {
					t.Errorf("%s: %v", uri, err)
					return
				}
			}
		})
	}
	t.Cleanup(r.stop)
	return r
}

// more waits until so many more have been sent.
func (r *rounds) more(n int64) {
	want := r.count.Load() + n
	eventually(r.t, "requests", func() bool { return r.t.Failed() || r.count.Load() >= want })
}

func (r *rounds) stop() {
	r.quit.Store(true)
	r.asking.Wait()
}
