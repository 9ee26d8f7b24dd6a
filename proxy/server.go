package proxy

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/admin"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Options are what a Server needs beside its configuration.
type Options struct {
	Version string
	Commit  string
	Log     *slog.Logger
	// Reload loads the configuration again, for the console's RELOAD; nil
	// when there is nothing to load it from.
	Reload func() (*config.Config, error)
	// Applied is called with each configuration that comes into force, the
	// first one included; may be nil.
	Applied func(*config.Config)
}

// Server is a whole proxy. New makes it, Start listens, Drain or Close ends
// it. Its methods are safe for concurrent use.
type Server struct {
	log     *slog.Logger
	options Options
	env     *session.Env
	gate    *auth.Gate
	counts  *stats.Registry
	visits  stats.Gate
	console *admin.Console
	started time.Time

	config    atomic.Pointer[config.Config]
	users     atomic.Pointer[userTable]
	clients   atomic.Int64 // past their login
	strangers strangers    // before it
	begun     atomic.Bool  // Start has got through
	draining  atomic.Bool
	suspended atomic.Bool

	reloading sync.Mutex // a signal and consoles may ask at once; taken before mu
	mu        sync.Mutex
	clusters  map[string]*cluster
	balances  map[string]*balance
	planned   map[string]*balancePlan // until Start
	listeners []*listener
	consoles  map[*consoleVisit]struct{}
	replicas  map[uint32]*replicaVisit
	reloaded  time.Time
	reloadOK  bool
	epoch     int64

	visiting sync.WaitGroup
	ticking  sync.WaitGroup
	stop     chan struct{}
	once     sync.Once
	ended    chan struct{} // closed when someone asked for shutdown over the console
	endOnce  sync.Once
	endMode  atomic.Int32
	webAddr  net.Addr // of admin.http, nil when it is off
	stopWeb  func()
}

// New prepares a proxy. Nothing listens yet, and no server is dialled.
func New(cfg *config.Config, o Options) (*Server, error) {
	gate, err := auth.NewGate(nil, nil)
	if err != nil {
		return nil, err
	}
	hangups, err := protocol.NewHangups()
	if err != nil {
		return nil, err
	}
	s := &Server{
		log: o.Log, options: o, gate: gate, started: time.Now(), counts: stats.NewRegistry(time.Now()),
		clusters: map[string]*cluster{}, balances: map[string]*balance{}, consoles: map[*consoleVisit]struct{}{}, replicas: map[uint32]*replicaVisit{}, stop: make(chan struct{}), ended: make(chan struct{}),
		epoch: 1, reloadOK: true, reloaded: time.Now(),
	}
	s.env = &session.Env{
		SQL:        sqlparse.NewReader(cfg.Process.SQLCache),
		Statements: connpool.NewStatements(statementBytes),
		Registry:   session.NewRegistry(),
		Hangups:    hangups,
		Log:        o.Log,
	}
	s.console = admin.New(&control{s})
	s.stopWeb = func() {}
	plan, err := s.prepare(cfg)
	if err != nil {
		s.env.SQL.Close()
		hangups.Close()
		return nil, err
	}
	s.apply(cfg, plan)
	return s, nil
}

// statementBytes bounds the SQL text of prepared statements that clients
// share, in bytes.
const statementBytes = 64 << 20

// Start listens on everything that is configured, or on nothing.
func (s *Server) Start() error {
	cfg := s.config.Load()
	if err := s.startBalances(); err != nil {
		return err
	}
	for _, lc := range cfg.Listeners {
		l, err := s.listen(lc, cfg)
		if err != nil {
			for _, open := range s.listeners {
				_ = open.net.Close()
			}
			return err
		}
		s.listeners = append(s.listeners, l)
	}
	if err := s.startWeb(cfg.Admin.HTTP); err != nil {
		return err
	}
	s.begun.Store(true)
	for _, c := range s.clusterList() {
		c.begin()
	}
	for _, l := range s.listeners {
		s.log.Info("listening", "listener", l.door.Load().Name, "addr", l.net.Addr().String())
		s.visiting.Add(1)
		go s.accept(l)
	}
	s.ticking.Add(1)
	go s.tick()
	return nil
}

// Addrs returns where the listeners are bound, in the order of the
// configuration.
func (s *Server) Addrs() []net.Addr {
	var addrs []net.Addr
	for _, l := range s.listeners {
		addrs = append(addrs, l.net.Addr())
	}
	return addrs
}

// Intervals of the proxy's housekeeping.
const (
	limitsEvery   = 100 * time.Millisecond
	maintainEvery = time.Second
)

// tick carries out time limits and keeps the pools in shape.
func (s *Server) tick() {
	defer s.ticking.Done()
	t := time.NewTicker(limitsEvery)
	defer t.Stop()
	maintained, sampled := time.Now(), time.Now()
	for {
		select {
		case <-s.stop:
			return
		case at := <-t.C:
			s.env.Registry.Enforce()
			if at.Sub(maintained) >= maintainEvery {
				maintained = at
				for _, c := range s.clusterList() {
					c.maintain(at)
				}
			}
			if at.Sub(sampled) >= stats.Period {
				sampled = at
				s.counts.Sample(at)
			}
		}
	}
}

func (s *Server) clusterList() []*cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*cluster, 0, len(s.clusters))
	for _, c := range s.clusters {
		list = append(list, c)
	}
	return list
}

func (s *Server) cluster(name string) *cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clusters[name]
}

// errShutdown is what clients are told when the proxy stops.
var errShutdown = pgerror.Fatal(pgerror.AdminShutdown, "terminating connection due to administrator command")

// Drain stops listening, lets transactions end, says good-bye to idle
// clients, and returns when all are gone or ctx is done.
func (s *Server) Drain(ctx context.Context) error {
	s.draining.Store(true)
	for _, l := range s.listeners {
		_ = l.net.Close()
	}
	s.drainHTTP(ctx)
	s.strangers.hurry(time.Now().Add(loginGrace))
	for {
		s.env.Registry.End(errShutdown, false)
		s.endConsoles()
		if s.env.Registry.Len() == 0 && s.strangers.len() == 0 && s.relayed() == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(drainPoll):
		}
	}
}

const drainPoll = 20 * time.Millisecond

// loginGrace is how long a login that has begun may take when the proxy
// stops.
const loginGrace = time.Second

// Close ends everything at once and waits until it has ended.
func (s *Server) Close() {
	s.once.Do(func() {
		s.draining.Store(true)
		close(s.stop)
		for _, l := range s.listeners {
			_ = l.net.Close()
		}
		s.strangers.hurry(time.Now())
		ctx, stop := context.WithTimeout(context.Background(), closeGrace)
		defer stop()
		s.endAll(ctx)
		s.env.Registry.Sever()
		s.ticking.Wait()
		for _, c := range s.clusterList() {
			c.close()
		}
		s.reloading.Lock() // one that is under way ends, and no other begins
		s.closeBalances()
		s.reloading.Unlock()
		s.visiting.Wait()
		s.closeAccessLogs()
		s.env.Registry.Wait()
		s.stopWeb()
		s.env.SQL.Close()
		s.env.Hangups.Close()
	})
}

// closeGrace bounds how long sessions get to send their last word.
const closeGrace = 3 * time.Second

func (s *Server) endAll(ctx context.Context) {
	for {
		s.endConsoles()
		s.env.Registry.End(errShutdown, true)
		if s.env.Registry.Len() == 0 || ctx.Err() != nil {
			return
		}
		time.Sleep(drainPoll)
	}
}

// ShutdownTimeout is how long a drain may last, 0 for ever.
func (s *Server) ShutdownTimeout() time.Duration { return s.config.Load().Process.ShutdownTimeout }

// Ended is closed when SHUTDOWN was given on the console.
func (s *Server) Ended() <-chan struct{} { return s.ended }
