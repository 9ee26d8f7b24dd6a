package httpproxy

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/crowd"
	"github.com/wyeproxy/wye/proxy/httpproxy/h1serve"
)

// Options are what a listener is built into; a reload does not change them.
type Options struct {
	Log    *slog.Logger // of what concerns the listener, not a request; nil: none
	Access *AccessLog   // a line per request; nil: none. Its owner is somebody else
	// Enter asks for a place for one more client, which Leave gives back; nil is
	// no limit but the listener's own.
	Enter func() bool
	Leave func()
}

// Server serves one listener. Safe for concurrent use; to be closed by its
// owner.
type Server struct {
	Options
	log     *slog.Logger
	site    atomic.Pointer[site]
	http    *http.Server   // of HTTP/2, and where clients may speak either
	http1   h1serve.Server // of the others
	wires   wires
	Count   Tally
	mirrors atomic.Pointer[mirrors] // nil until a route wants them

	accepted   atomic.Int64 // clients
	malformed  atomic.Int64 // requests that were
	turnedAway atomic.Int64 // clients over a limit, or without the PROXY header that they should have
	crowd      crowd.Crowd

	open context.Context // until Shutdown or Close
	shut context.CancelFunc
}

// New makes a listener that does what the settings say. It errs as Use does.
func New(o Options, set Settings) (*Server, error) {
	s := &Server{log: o.Log, Options: o}
	if s.Enter == nil {
		s.Enter, s.Leave = func() bool { return true }, func() {}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.Use(set); err != nil {
		return nil, err
	}
	s.open, s.shut = context.WithCancel(context.Background())
	s.http = s.newHTTP()
	l := s.site.Load().Limits
	s.http1 = h1serve.Server{
		Handler: s, As: s.http, HeadTime: l.HeadTime, IdleTime: l.IdleTime, MaxHead: l.HeadBytes, OnFault: s.onFault, Log: s.log,
	}
	return s, nil
}

// Use replaces the settings. Requests under way keep those they began with; of
// Limits, Conns, HeadBytes, HeadTime, IdleTime and H2Streams keep the value
// that New found. It errs, and changes nothing, when a route says two things. Not
// for concurrent use with itself.
func (s *Server) Use(set Settings) error {
	si, err := newSite(set, s.site.Load())
	if err != nil {
		return err
	}
	if si.mirrors() && s.mirrors.Load() == nil {
		s.mirrors.Store(newMirrors())
	}
	s.site.Store(si)
	return nil
}

// newHTTP makes the standard library's server: it reads requests and frames
// answers.
func (s *Server) newHTTP() *http.Server {
	l := s.site.Load().Limits
	h := &http.Server{
		Handler:                      s,
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            l.HeadTime,
		IdleTimeout:                  l.IdleTime,
		MaxHeaderBytes:               l.HeadBytes,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnContext:                  withTLS,
		Protocols:                    new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: l.H2Streams,
			MaxReadFrameSize:     16384, // the protocol's own limit until settings are acknowledged (RFC 9113, 4.2)
			SendPingTimeout:      l.IdleTime / 2,
			PingTimeout:          15 * time.Second,
		},
	}
	h.Protocols.SetHTTP1(true)
	h.Protocols.SetHTTP2(true)
	h.Protocols.SetUnencryptedHTTP2(s.site.Load().H2C)
	return h
}

// Conns is how many clients there are, how many there have been, how many more
// were turned away, and how many requests were malformed.
func (s *Server) Conns() (now int, accepted, turnedAway, malformed int64) {
	return s.wires.count(), s.accepted.Load(), s.turnedAway.Load(), s.malformed.Load()
}
