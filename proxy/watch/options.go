package watch

import (
	"context"
	"log/slog"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// Asker asks a server one question over a connection kept for the purpose,
// dialling when there is none. Each server is asked by one goroutine at a
// time; different servers are asked at once.
//
// An Asker that sees a kept connection end while nothing is asked should call
// Suspect: a standby that crashes and is back before its next probe may show
// less than it did, and passes for as fresh as before until then.
type Asker interface {
	// Ask returns the rows of one statement as text. It must return when ctx
	// ends, whatever the server does. What the server refuses is a
	// *pgerror.Error somewhere in the error's chain; what the network
	// refuses keeps its syscall error or io.EOF there.
	Ask(ctx context.Context, node int, sql string) ([][]string, error)
	// Drop closes the kept connection, if there is one, without ceremony.
	Drop(node int)
}

// Options say what is watched and how.
type Options struct {
	Nodes     []string // host:port of each server, at most freshness.MaxServers; a node is its index here
	Ask       Asker
	Clock     *freshness.Clock // the cluster's, fed by this watcher alone; a new one when nil
	Interval  time.Duration    // between probes of a quiet server; 1 s when 0
	Timeout   time.Duration    // of one probe; 500 ms when 0
	Fall      int              // timeouts in a row that make a server down, 2 when 0; a refused dial needs one
	Rise      int              // answers in a row that bring a replica back, 2 when 0
	MaxLag    uint64           // bytes of log beyond which a replica is not read; 0 is no limit
	Staleness time.Duration    // the smallest bound readers ask for: quiet servers are probed thrice as often; 0 is none
	Patroni   []string         // base URLs of Patroni's REST API, any one may answer; none is fine
	OnChange  func(Change)     // called in order from one goroutine, which it may block; nil is fine
	Log       *slog.Logger     // slog.Default when nil
}

func (o Options) withDefaults() Options {
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Staleness > 0 {
		o.Interval = max(fastest, min(o.Interval, o.Staleness/3))
	}
	if o.Timeout <= 0 {
		o.Timeout = 500 * time.Millisecond
	}
	if o.Fall <= 0 {
		o.Fall = 2
	}
	if o.Rise <= 0 {
		o.Rise = 2
	}
	if o.Clock == nil {
		o.Clock = new(freshness.Clock)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.OnChange == nil {
		o.OnChange = func(Change) {}
	}
	return o
}
