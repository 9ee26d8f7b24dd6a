package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

// Control is what this package needs of the proxy. Both methods are safe for
// concurrent use.
type Control interface {
	// Snapshot describes the process now. The caller does not change it.
	Snapshot() *stats.Snapshot
	// Health is a part of Snapshot, from memory and at once: probes come often
	// and when the process is busiest.
	Health() stats.Health
}

// Options are the settings of the HTTP side.
type Options struct {
	// Token admits to /status, /api and /debug as "Authorization: Bearer
	// <token>", or as the password of whomever, which browsers ask for. Without
	// one, only requests from this machine are admitted there.
	Token string
	// PgBouncer adds the metrics of pgbouncer_exporter under its names.
	PgBouncer bool
}

// New returns the handler of the administration's HTTP listener. It is safe
// for concurrent use and remembers which pools have labels of their own, so
// one process makes one.
func New(control Control, o Options) http.Handler {
	m := &metrics{control: control, pgbouncer: o.PgBouncer}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", index)
	mux.Handle("GET /metrics", m)
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", readyz(control))
	mux.Handle("GET /status", guard(o.Token, status(control)))
	mux.Handle("GET /api/{view}", guard(o.Token, view(control)))
	mux.Handle("/debug/pprof/", guard(o.Token, profiles()))
	return mux
}

func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("wye\n\n/status\n/metrics\n/healthz\n/readyz\n/api/{pools,clients,servers,databases,users,stats,hosts,...}\n/debug/pprof/\n"))
}

// Serve answers requests on l until ctx ends, then lets running ones finish
// for a few seconds. It closes l. The caller ends ctx last when it drains:
// /readyz must go on saying no until then.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute, // a profile takes 30 s
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	stopped := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, done := context.WithTimeout(context.Background(), 3*time.Second)
		defer done()
		if s.Shutdown(grace) != nil {
			s.Close()
		}
	})
	err := s.Serve(l)
	if !cancel() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
