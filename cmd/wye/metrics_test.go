package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// scrape reads /metrics: the value of each sample by its name with labels.
func scrape(t *testing.T, addr string) map[string]float64 {
	t.Helper()
	status, body := fetch(t, addr, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics: %d", status)
	}
	samples := map[string]float64{}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		v, err := strconv.ParseFloat(strings.TrimSpace(line[i:]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		samples[line[:i]] = v
	}
	return samples
}

func fetch(t *testing.T, addr, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(soon(t, generous), http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

const withHTTP = `
users:
  - {name: app, password: app}
admin: {http: {bind: "127.0.0.1:0"}}
`

func TestMetricsMove(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 3}", withHTTP))
	web := server.WebAddr().String()
	const pool = `{database="app",user="app"}`
	pin := func(name, reason string) string { return name + `{database="app",user="app",reason="` + reason + `"}` }
	began := scrape(t, web)
	conn := connect(t, dsn(addr))
	for range 10 {
		must(t, conn, "select 1")
	}
	fails(t, conn, "select nonsense", "42703")
	fails(t, conn, "select 1/0", "22012")
	refused(t, strings.Replace(dsn(addr), "password=app", "password=x", 1))
	now := scrape(t, web)
	for name, want := range map[string]float64{
		"wye_queries_total" + pool:                               12,
		"wye_transactions_total" + pool:                          12,
		"wye_query_seconds_count" + pool:                         12,
		`wye_errors_total{database="app",user="app",class="42"}`: 1,
		`wye_errors_total{database="app",user="app",class="22"}`: 1,
		`wye_client_logins_total{result="ok"}`:                   1,
		`wye_client_logins_total{result="failed"}`:               1,
		`wye_listener_accepted_total{listener="main"}`:           2,
		`wye_clients{state="idle"}`:                              1,
		"wye_pool_size" + pool:                                   3,
		"wye_pool_in_use" + pool:                                 0,
		"wye_pool_idle" + pool:                                   1,
		"wye_panics_total":                                       0,
	} {
		if got, ok := now[name]; !ok || got-began[name] != want {
			t.Errorf("%s grew by %v, want %v", name, got-began[name], want)
		}
	}

	must(t, conn, beginHere)
	other := connect(t, dsn(addr))
	pins := map[string]string{
		"select pg_advisory_lock(77)": "advisory_lock", "create temp table metric (i int)": "temp_object", "listen metric": "listen",
		"prepare metric as select 1": "sql_prepare", "declare metric cursor with hold for select 1": "hold_cursor",
	}
	for sql := range pins {
		must(t, other, sql)
	}
	now = scrape(t, web)
	if now["wye_pool_in_use"+pool] != 2 {
		t.Errorf("in use: %v", now["wye_pool_in_use"+pool])
	}
	for sql, reason := range pins {
		if now[pin("wye_pins", reason)] != 1 || now[pin("wye_pins_started_total", reason)] != 1 {
			t.Errorf("%s: %v now, %v ever", sql, now[pin("wye_pins", reason)], now[pin("wye_pins_started_total", reason)])
		}
	}
	for _, sql := range []string{"select pg_advisory_unlock(77)", "drop table metric", "unlisten *", "deallocate metric", "close metric"} {
		must(t, other, sql)
	}
	must(t, conn, "commit")
	now = scrape(t, web)
	for sql, reason := range pins {
		if now[pin("wye_pins", reason)] != 0 || now[pin("wye_pins_started_total", reason)] != 1 {
			t.Errorf("after its end, %s: %v now, %v ever", sql, now[pin("wye_pins", reason)], now[pin("wye_pins_started_total", reason)])
		}
	}
	if now["wye_pool_in_use"+pool] != 0 {
		t.Errorf("in use: %v", now["wye_pool_in_use"+pool])
	}
	if err := conn.CancelRequest(soon(t, time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := scrape(t, web)["wye_cancel_requests_total"] - began["wye_cancel_requests_total"]; got != 1 {
		t.Errorf("%v cancel requests", got)
	}
}

// TestRefusedLoginIsNoOutage: one user whom the server does not let in says
// nothing about the cluster.
func TestRefusedLoginIsNoOutage(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("", `
users:
  - {name: app, password: app}
  - {name: few, password: few}
  - {name: nosuchrole, password: nosuchrole}
admin: {http: {bind: "127.0.0.1:0"}}
`))
	for user, code := range map[string]string{"few": "53300", "nosuchrole": "28P01"} {
		if e := refused(t, dsnOf(addr, user, "app")); e.Code != code {
			t.Errorf("%s: %s", user, e.Code)
		}
		if status, body := fetch(t, server.WebAddr().String(), "/readyz"); status != 200 {
			t.Errorf("after %s: %d %s", user, status, body)
		}
	}
}

func TestReadiness(t *testing.T) {
	c := victim(t)
	server, addr := startProxy(t, c, wyeConfig(quickRetry, withHTTP))
	web := server.WebAddr().String()
	ready := func(status int, primary, draining bool) {
		t.Helper()
		got, text := fetch(t, web, "/readyz")
		var body struct {
			Ready, Draining bool
			Clusters        map[string]bool
		}
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Fatal(err)
		}
		if got != status || body.Ready != (status == 200) || body.Draining != draining || body.Clusters["app"] != primary {
			t.Errorf("/readyz: %d %s", got, text)
		}
	}
	if status, text := fetch(t, web, "/healthz"); status != 200 || text != "ok\n" {
		t.Errorf("/healthz: %d %s", status, text)
	}
	ready(200, true, false)
	conn := connect(t, dsn(addr))
	must(t, conn, "select 1")
	ready(200, true, false)
	c.Primary.Kill()
	// The first query may still meet a conn whose end is not known yet.
	eventually(t, "nobody to connect to", func() bool {
		_, err := conn.Exec(soon(t, generous), "select 1").ReadAll()
		var e *pgconn.PgError
		return errors.As(err, &e) && e.Code == "57P03"
	})
	ready(503, false, false)
	time.Sleep(1100 * time.Millisecond) // a probe finds it still down
	ready(503, false, false)
	if err := c.Primary.Restart(soon(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	// Nobody comes while it says no, so nobody but wye finds out.
	eventually(t, "ready again", func() bool { status, _ := fetch(t, web, "/readyz"); return status == 200 })
	must(t, conn, beginHere)
	ready(200, true, false)
	ctx, stop := context.WithCancel(context.Background())
	drained := make(chan error, 1)
	go func() { drained <- server.Drain(ctx) }()
	eventually(t, "draining", func() bool { status, _ := fetch(t, web, "/readyz"); return status == 503 })
	ready(503, true, true)
	if status, _ := fetch(t, web, "/healthz"); status != 200 {
		t.Errorf("/healthz while draining: %d", status)
	}
	stop()
	<-drained
}
