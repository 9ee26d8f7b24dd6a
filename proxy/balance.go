package proxy

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/httpproxy"
	"github.com/wyeproxy/wye/proxy/tcpproxy"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// balance is one running pool of servers that are no PostgreSQL cluster. It
// outlives reloads as long as its name and kind stay.
type balance struct {
	kind    config.PoolKind
	servers *upstream.Pool
	tcp     *tcpproxy.Pool // of kind tcp
	http    *httpBalance   // of kind http
	finding *finding       // nil where the configuration lists the servers
	log     *slog.Logger

	mu    sync.Mutex // reloads and discovery change what is in force
	plan  *balancePlan
	found []upstream.Target // by discovery; nil before its first list
}

// balancePlan is what the configuration says of a pool, prepared.
type balancePlan struct {
	config.ServicePool
	servers []upstream.Target // that the configuration lists
	tcp     tcpproxy.PoolSettings
	// Of kind http.
	balance upstream.Settings
	http    httpproxy.PoolSettings
	prober  httpproxy.Prober
}

func newBalance(p *balancePlan, log *slog.Logger) (*balance, error) {
	b := &balance{kind: p.Kind, plan: p, log: log.With("pool", p.Name)}
	if err := b.make(p); err != nil {
		return nil, err
	}
	b.follow(p.Discover, b.log)
	return b, nil
}

func (b *balance) make(p *balancePlan) (err error) {
	if p.Kind == config.KindHTTP {
		if b.http, err = newHTTPBalance(p); err == nil {
			b.servers = b.http.servers
		}
		return err
	}
	if b.tcp, err = tcpproxy.NewPool(p.Name, p.tcp); err == nil {
		b.servers = b.tcp.Servers()
	}
	return err
}

func (b *balance) use(p *balancePlan) error {
	err := b.replan(p)
	b.follow(p.Discover, b.log)
	return err
}

// replan puts a new plan in force. Servers that were listed stay until others
// are found.
func (b *balance) replan(p *balancePlan) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case p.Discover == nil:
		b.found = nil
	case b.plan.Discover == nil:
		b.found = b.plan.servers
	}
	b.plan = p
	return b.apply()
}

// apply makes the plan, with the servers that were found, what is in force. The
// caller holds mu.
func (b *balance) apply() error {
	servers := b.plan.servers
	if b.plan.Discover != nil {
		servers = b.found
	}
	if b.http != nil {
		return b.http.use(b.plan, servers)
	}
	s := b.plan.tcp
	s.Servers = servers
	return b.tcp.Use(s)
}

// quit ends it when its clients have gone, or at its drain limit, or when stop
// is closed.
func (b *balance) quit(stop <-chan struct{}) {
	b.follow(nil, b.log)
	if b.http != nil {
		b.http.quit(stop)
		return
	}
	b.tcp.Quit(stop)
}

func (b *balance) close() {
	b.follow(nil, b.log)
	if b.http != nil {
		b.http.close()
		return
	}
	b.tcp.Close()
}

// startBalances begins to check servers, and waits until each has been asked
// once: those that nobody has seen up get no clients.
func (s *Server) startBalances() error {
	patience := time.Duration(0)
	for name, p := range s.planned {
		b, err := newBalance(p, s.log)
		if err != nil {
			return err
		}
		s.balances[name] = b
		patience = max(patience, p.Health.Timeout)
		if p.Discover != nil {
			patience = max(patience, firstList)
		}
	}
	s.planned = nil
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = until(ctx, func() bool { // later is not too late: then clients are turned away at first
		for _, b := range s.balances {
			if b.unknown() {
				return false
			}
		}
		return true
	})
	return nil
}

// unknown tells whether any server has not been asked, or found, yet.
func (b *balance) unknown() bool {
	views := b.servers.View(b.servers.Now())
	for _, v := range views {
		if v.State == "unknown" {
			return true
		}
	}
	return len(views) == 0
}

// applyBalances makes pools and changes those there are.
func (s *Server) applyBalances(plans map[string]*balancePlan) {
	if !s.begun.Load() {
		s.planned = plans
		return
	}
	for name, p := range plans {
		b := s.balance(name)
		if b != nil && b.kind == p.Kind {
			if err := b.use(p); err != nil { // config has checked all that it could say
				s.log.Error("pool keeps its servers", "pool", name, "error", err.Error())
			}
			continue
		}
		made, err := newBalance(p, s.log)
		if err != nil {
			s.log.Error("pool cannot be made", "pool", name, "error", err.Error())
			continue
		}
		s.mu.Lock()
		s.balances[name] = made
		s.mu.Unlock()
		if b != nil {
			s.retireBalance(b)
		}
	}
}

// retireBalances ends pools that are not configured any more, once nobody is
// led to them.
func (s *Server) retireBalances(plans map[string]*balancePlan) {
	s.mu.Lock()
	var gone []*balance
	for name, b := range s.balances {
		if s.begun.Load() && plans[name] == nil {
			gone = append(gone, b)
			delete(s.balances, name)
		}
	}
	s.mu.Unlock()
	for _, b := range gone {
		s.retireBalance(b)
	}
}

func (s *Server) retireBalance(b *balance) {
	s.visiting.Add(1)
	go func() {
		defer s.visiting.Done()
		b.quit(s.stop)
	}()
}

func (s *Server) balance(name string) *balance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.balances[name]
}

func (s *Server) balanceList() []*balance {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*balance, 0, len(s.balances))
	for _, b := range s.balances {
		list = append(list, b)
	}
	return list
}

// relayed is how many clients of pools there are.
func (s *Server) relayed() (n int64) {
	for _, l := range s.listeners {
		if l.tcp != nil {
			n += l.tcp.Counts().Clients.Load()
		}
		if l.http != nil {
			now, _, _, _ := l.http.Conns()
			n += int64(now)
		}
	}
	return n
}

// closeBalances ends all clients of pools.
func (s *Server) closeBalances() {
	for _, l := range s.listeners {
		if l.tcp != nil {
			l.tcp.Close()
		}
		if l.http != nil {
			_ = l.http.Close()
			l.kept.cache.Close()
		}
	}
	for _, b := range s.balanceList() {
		b.close()
	}
}

// enter takes one of the places that max_clients allows.
func (s *Server) enter() bool {
	if s.clients.Add(1) <= int64(s.config.Load().Process.MaxClients) {
		return true
	}
	s.clients.Add(-1)
	return false
}

func (s *Server) leave() { s.clients.Add(-1) }
