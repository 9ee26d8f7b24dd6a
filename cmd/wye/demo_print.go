package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// demoPrinter writes what the demo finds, for readers as it goes along, for
// machines as one object when the tour is over.
type demoPrinter struct {
	out  io.Writer
	json bool
	gone context.CancelFunc // called when nobody reads any more
}

func newDemoPrinter(out io.Writer, asJSON bool, gone context.CancelFunc) *demoPrinter {
	return &demoPrinter{out, asJSON, gone}
}

func (p *demoPrinter) say(format string, args ...any) {
	if p.json {
		return
	}
	p.write(fmt.Sprintf(format, args...))
}

func (p *demoPrinter) write(text string) {
	if _, err := io.WriteString(p.out, text); err != nil {
		p.gone()
	}
}

// rig says what is running.
func (p *demoPrinter) rig(r *rig) {
	p.say("wye demo: PostgreSQL %s, throw-away clusters in %s\n", r.cluster.Version, strings.Join(r.dirs(), " "))
	p.say("  %-8s primary %s, replica %s: up and streaming after %.2f s\n",
		rigDatabase, r.cluster.Primary.Addr(), r.cluster.Replicas[0].Addr(), r.cluster.BootTime.Seconds())
	for k, c := range r.store.shards {
		p.say("  %s s%d primary %s, replica %s: a shard, after %.2f s\n", storeDatabase, k, c.Primary.Addr(), c.Replicas[0].Addr(), c.BootTime.Seconds())
	}
	p.say("  wye      %s: transaction pooling, %d server conns, SCRAM on both sides\n", r.addr(), rigPool)
	p.say("  psql     '%s'\n  psql     '%s'\n\n", r.appURL(), r.storeURL())
	p.say(" #  %-8s %5s  %s\n", "tour", "ms", "measured")
}

// stop prints one line of the tour.
func (p *demoPrinter) stop(n int, s stop) {
	found := s.text
	if s.err != nil {
		found = "FAILED: " + s.err.Error()
	}
	p.say("%2d  %-8s %5.0f  %s\n", n, s.name, ms(s.took), found)
}

// tour sums up, and says where to go on.
func (p *demoPrinter) tour(r *rig, t *tour, once bool) {
	if p.json {
		p.write(encodeTour(r, t))
		return
	}
	held := 0
	for _, s := range t.stops {
		if s.err == nil {
			held++
		}
	}
	p.say("\n%d of %d steps hold; first result after %.1f s, all after %.1f s\n", held, len(t.stops), t.first.Seconds(), t.took.Seconds())
	if once {
		return
	}
	p.say(`
Now you:
  psql '%s'
  psql '%s'
  psql '%s' -c 'SHOW POOLS'
  curl %s/metrics
%s
Ctrl-C stops everything and removes its folders.
The initdb that it was copied from stays beside it, for a quick next start.
`, r.appURL(), r.storeURL(), r.consoleURL(), r.webURL(), scriptLines(r))
}

// tourScript and shardsScript are what the tour asks, as SQL to read, run and
// change.
const (
	tourScript   = "testdata/demo/tour.sql"
	shardsScript = "testdata/demo/shards.sql"
)

// scriptLines say how to run them, where we stand in wye's source.
func scriptLines(r *rig) string {
	if _, err := os.Stat(tourScript); err != nil {
		return ""
	}
	return fmt.Sprintf("  psql '%s' -v console='%s' -f %s\n  psql '%s' -f %s\n", r.appURL(), r.consoleURL(), tourScript, r.storeURL(), shardsScript)
}

// goodbye says that the end was heard: closing takes a moment.
func (p *demoPrinter) goodbye(r *rig, once bool) {
	if !once {
		p.say("\nstopping, and removing %s\n", strings.Join(r.dirs(), " "))
	}
}

// tourRecord is the demo for machines. Times are in milliseconds.
type tourRecord struct {
	OK          bool         `json:"ok"`
	Version     string       `json:"version"`
	PostgreSQL  string       `json:"postgresql"`
	Folders     []string     `json:"folders"` // removed when the demo ends
	AppURL      string       `json:"app_url"`
	ShardedURL  string       `json:"sharded_url"`
	ConsoleURL  string       `json:"console_url"`
	MetricsURL  string       `json:"metrics_url"`
	BootMS      float64      `json:"boot_ms"`
	FirstMS     float64      `json:"first_result_ms"`
	TookMS      float64      `json:"took_ms"`
	Clients     int          `json:"clients"`
	ServerConns int          `json:"server_conns"`
	Steps       []stepRecord `json:"steps"`
}

type stepRecord struct {
	Step     int            `json:"step"`
	Name     string         `json:"name"`
	What     string         `json:"what"`
	OK       bool           `json:"ok"`
	MS       float64        `json:"ms"`
	Measured string         `json:"measured,omitempty"`
	Figures  map[string]any `json:"figures,omitempty"`
	Error    string         `json:"error,omitempty"`
}

func encodeTour(r *rig, t *tour) string {
	record := tourRecord{
		OK: t.failure() == nil, Version: version, PostgreSQL: r.cluster.Version, Folders: r.dirs(),
		AppURL: r.appURL(), ShardedURL: r.storeURL(), ConsoleURL: r.consoleURL(), MetricsURL: r.webURL() + "/metrics",
		BootMS: ms(r.cluster.BootTime), FirstMS: ms(t.first), TookMS: ms(t.took),
		Clients: fleetSize, ServerConns: rigPool,
	}
	for i, s := range t.stops {
		step := stepRecord{Step: i + 1, Name: s.name, What: s.what, OK: s.err == nil, MS: ms(s.took), Measured: s.text, Figures: s.figures}
		if s.err != nil {
			step.Error = s.err.Error()
		}
		record.Steps = append(record.Steps, step)
	}
	b, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("a finding that JSON cannot hold: %v", err)) // figures are numbers and words
	}
	return string(b) + "\n"
}
