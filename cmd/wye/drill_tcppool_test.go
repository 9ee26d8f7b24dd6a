package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/lineserver"
	"github.com/wyeproxy/wye/proxy"
	"github.com/wyeproxy/wye/proxy/config"
)

// The load of the drills: 50 clients that stay and 10 that come anew for each
// request, 1000 requests a second together where the machine is fast enough.
const (
	drillStaying = 50
	drillComing  = 10
	drillEach    = (drillStaying + drillComing) * time.Second / 1000
)

// poolLoad is clients of a pool, until end.
type poolLoad struct {
	addr          string
	asked, failed atomic.Int64
	where         [drillStaying]atomic.Value // who answered last
	stop          chan struct{}
	clients       sync.WaitGroup
	mu            sync.Mutex
	errs          map[string]int
}

func startPoolLoad(addr string) *poolLoad {
	l := &poolLoad{addr: addr, stop: make(chan struct{}), errs: map[string]int{}}
	for i := range drillStaying {
		l.clients.Add(1)
		go l.stay(i)
	}
	for range drillComing {
		l.clients.Add(1)
		go l.come()
	}
	return l
}

// each calls f at its pace until the end.
func (l *poolLoad) each(f func(n int)) {
	defer l.clients.Done()
	t := time.NewTicker(drillEach)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-l.stop:
			return
		case <-t.C:
			f(n)
		}
	}
}

func (l *poolLoad) note(err error) {
	l.asked.Add(1)
	if err != nil {
		l.failed.Add(1)
		l.mu.Lock()
		l.errs[err.Error()]++
		l.mu.Unlock()
	}
}

// stay keeps a connection, and makes another when that fails.
func (l *poolLoad) stay(i int) {
	var c *talker
	l.each(func(n int) {
		var err error
		if c == nil {
			if c, err = talk(l.addr); err != nil {
				c = nil
				l.note(err)
				return
			}
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		who, err := c.say(fmt.Sprint("line ", n))
		l.note(err)
		if err != nil {
			_ = c.Close()
			c = nil
			return
		}
		l.where[i].Store(who)
	})
	if c != nil {
		_ = c.Close()
	}
}

func (l *poolLoad) come() {
	l.each(func(n int) {
		_, err := askLine(l.addr, fmt.Sprint("once ", n))
		l.note(err)
	})
}

// at is how many clients that stay have that server.
func (l *poolLoad) at(server string) (n int) {
	for i := range l.where {
		if l.where[i].Load() == server {
			n++
		}
	}
	return n
}

// runs waits until so many more requests were made.
func (l *poolLoad) runs(t testing.TB, n int64) {
	t.Helper()
	until := l.asked.Load() + n
	eventually(t, "requests are made", func() bool { return l.asked.Load() >= until })
}

func (l *poolLoad) end() {
	close(l.stop)
	l.clients.Wait()
}

// A server that is killed costs the connections it had and nothing else, time
// after time.
func TestDrillTCPKills(t *testing.T) {
	t.Parallel()
	kills := envInt("WYE_DRILL_TCP_KILLS", 2)
	servers := []*lineserver.Process{lineserver.Start(t, "a"), lineserver.Start(t, "b"), lineserver.Start(t, "c")}
	cfg := strings.Replace(tcpConfig(servers), "health: {interval: 100ms, timeout: 2s}", "health: {interval: 1s, timeout: 500ms}", 1)
	p := startProcess(t, nil, withConsole(cfg))
	ops := openConsole(t, p.addrs["ops"], "ops")
	serves := func(s *lineserver.Process) bool {
		return ops.show("pool_servers where server = '" + s.Name + "'")[0]["serving"] == "yes"
	}
	load := startPoolLoad(p.addr())
	defer load.end()
	began, lost, slowest := time.Now(), int64(0), time.Duration(0)
	for i := range kills {
		s := servers[i%len(servers)]
		load.runs(t, 500)
		before, had := load.failed.Load(), int64(load.at(s.Name))
		killed := time.Now()
		s.Kill()
		eventually(t, "it is out of rotation", func() bool { return !serves(s) })
		slowest = max(slowest, time.Since(killed))
		load.runs(t, 500)
		if n := load.failed.Load() - before; n > had+drillComing {
			t.Errorf("kill %d: %d requests failed, %s had %d connections that stay and at most %d others: %v", i, n, s.Name, had, drillComing, load.errs)
		}
		lost = load.failed.Load()
		s.Restart()
		eventually(t, "it is back", func() bool { return serves(s) })
	}
	if figures("WYE_DRILL_TCP_KILLS") && slowest > 1500*time.Millisecond {
		t.Errorf("a killed server was in rotation for %v", slowest)
	}
	t.Logf("%d requests, %.0f a second; %d kills failed %d; out of rotation after %v at most",
		load.asked.Load(), float64(load.asked.Load())/time.Since(began).Seconds(), kills, lost, slowest.Round(time.Millisecond))
}

// Reloads that change everything but where to go disturb nobody.
func TestDrillTCPReloads(t *testing.T) {
	t.Parallel()
	reloads := envInt("WYE_DRILL_TCP_RELOADS", 30)
	servers := []*lineserver.Process{lineserver.Start(t, "a"), lineserver.Start(t, "b"), lineserver.Start(t, "c"), lineserver.Start(t, "d")}
	var texts []string
	for _, variant := range []struct {
		servers []*lineserver.Process
		more    []string
	}{
		{servers, nil},
		{servers[:3], []string{"balance: round-robin", "tries: 2", "max_conns: 500"}},
		{[]*lineserver.Process{servers[2], servers[1], servers[0], servers[3]}, []string{"balance: hash", "eject: {failures: 2}", "breaker: {}"}},
		{servers[1:], []string{"balance: least-response-time", "panic: 50"}},
	} {
		texts = append(texts, tcpConfig(variant.servers, variant.more...))
	}
	file := filepath.Join(t.TempDir(), "wye.yaml")
	load := reloader(file)
	put := func(i int) (*config.Config, error) {
		if err := os.WriteFile(file, []byte(texts[i%len(texts)]), 0o600); err != nil {
			return nil, err
		}
		return load()
	}
	cfg, err := put(0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	server, err := proxy.New(cfg, proxy.Options{Version: "test", Log: slog.New(slog.DiscardHandler), Reload: func() (*config.Config, error) { n++; return put(n) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	clients := startPoolLoad(server.Addrs()[0].String())
	began := time.Now()
	for range reloads {
		clients.runs(t, 5)
		if err := server.Reload(); err != nil {
			t.Error(err)
		}
	}
	clients.runs(t, 100)
	took := time.Since(began)
	clients.end()
	if failed := clients.failed.Load(); failed > 0 {
		t.Errorf("%d of %d requests failed over %d reloads: %v", failed, clients.asked.Load(), reloads, clients.errs)
	}
	t.Logf("%d requests in %v over %d reloads", clients.asked.Load(), took.Round(time.Millisecond), reloads)
}
