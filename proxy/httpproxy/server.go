package httpproxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Options are what a listener is built into; a reload does not change them.
type Options struct {
	Log *slog.Logger // of what concerns the listener, not a request; nil: none
}

// Server serves one listener. Safe for concurrent use; to be closed by its
// owner.
type Server struct {
	log   *slog.Logger
	site  atomic.Pointer[site]
	http  *http.Server
	Count Tally
}

// New makes a listener that does what the settings say. It errs as Use does.
func New(o Options, set Settings) (*Server, error) {
	s := &Server{log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.Use(set); err != nil {
		return nil, err
	}
	s.http = s.newHTTP()
	return s, nil
}

// Use replaces the settings. Requests under way keep those they began with; of
// Limits, Conns, HeadBytes, HeadTime, IdleTime and H2Streams keep the value
// that New found. It errs, and changes nothing, when a route says two things.
func (s *Server) Use(set Settings) error {
	si, err := newSite(set)
	if err != nil {
		return err
	}
	s.site.Store(si)
	return nil
}

// newHTTP makes the standard library's server: it reads requests and frames
// answers.
func (s *Server) newHTTP() *http.Server {
	l := s.site.Load().Limits
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: l.HeadTime,
		IdleTimeout:       l.IdleTime,
		MaxHeaderBytes:    l.HeadBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		Protocols:         new(http.Protocols),
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

// Serve takes conns from l until Shutdown or Close.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Shutdown takes no more conns and returns when the requests under way have
// ended, or ctx has.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// Close ends everything at once.
func (s *Server) Close() error { return s.http.Close() }
