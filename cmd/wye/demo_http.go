package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// What the step asks of the pool.
const (
	httpAskers   = 16
	httpRequests = 1200 // of all askers; the server is killed at half of them
	httpKept     = 200  // of a page that a route keeps
)

// tourHTTP kills one of three servers of an HTTP pool under requests, and asks
// for a page that is kept.
func tourHTTP(ctx context.Context, r *rig) (f finding, err error) {
	web := &webAsker{url: "http://" + r.server.Addrs()[2].String(), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: httpAskers}}}
	defer web.client.CloseIdleConnections()
	victim := r.webs[1]
	var killed time.Time
	var once sync.Once
	who, marks, err := web.many(ctx, "/", httpRequests, func(done int) {
		if done >= httpRequests/2 {
			once.Do(func() { victim.kill(); killed = time.Now() })
		}
	})
	if err != nil {
		return f, err
	}
	took := time.Since(killed)
	if who[victim.name] == 0 || marks[""] != httpRequests {
		return f, fmt.Errorf("%s answered %d requests of %d before it was killed", victim.name, who[victim.name], httpRequests)
	}
	_, kept, err := web.many(ctx, "/kept", httpKept, func(int) {})
	if err != nil {
		return f, err
	}
	if kept["MISS"] != 1 {
		return f, fmt.Errorf("a page that is kept was asked for %d times, and the servers %v", httpKept, kept)
	}
	f.text = fmt.Sprintf("%d GETs by %d clients over 3 servers %v, one killed after half: 0 failed, the rest in %.0f ms; a page asked for %d times: 1 of the servers, %d from memory",
		httpRequests, httpAskers, tallies(who, r.webs), ms(took), httpKept, kept["HIT"])
	f.figures = map[string]any{"requests": httpRequests, "failed": 0, "after_kill_ms": ms(took), "kept": httpKept, "hits": kept["HIT"]}
	return f, nil
}

// webAsker asks an HTTP listener.
type webAsker struct {
	url    string
	client *http.Client
}

// many asks n times by all askers at once, and returns who answered how often
// and how often each X-Cache came. It tells how many are done, and ends with
// the first that fails.
func (w *webAsker) many(ctx context.Context, path string, n int, progress func(done int)) (who, marks map[string]int, err error) {
	who, marks = map[string]int{}, map[string]int{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	left, done := n, 0
	for range httpAskers {
		asking.Go(func() {
			for {
				mu.Lock()
				stop := left <= 0 || err != nil
				left--
				mu.Unlock()
				if stop {
					return
				}
				name, mark, failed := w.ask(ctx, path)
				mu.Lock()
				if failed != nil && err == nil {
					err = failed
				}
				who[name]++
				marks[mark]++
				done++
				now := done
				mu.Unlock()
				progress(now)
			}
		})
	}
	asking.Wait()
	return who, marks, err
}

func (w *webAsker) ask(ctx context.Context, path string) (name, mark string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+path, nil)
	if err != nil {
		return "", "", err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), resp.Header.Get("X-Cache"), err
}
