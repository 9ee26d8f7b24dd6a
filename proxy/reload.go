package proxy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Reload loads the configuration again and applies it: all of it or, when
// anything is wrong, nothing. What needs a restart is named in the log and
// keeps its old value. Access logs are opened again first, whatever the
// configuration is: else lines would end in a file that was moved away, and be
// deleted with it.
func (s *Server) Reload() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	select {
	case <-s.stop:
		return errShutdown
	default:
	}
	err := s.reopenAccessLogs()
	if err == nil {
		err = s.reload()
	}
	s.mu.Lock()
	s.reloaded, s.reloadOK = time.Now(), err == nil
	if err == nil {
		s.epoch++
	}
	s.mu.Unlock()
	if err != nil {
		s.log.Error("reload refused, the old configuration stays", "error", err.Error())
	}
	return err
}

var errNoFile = errors.New("there is no configuration file to load again")

func (s *Server) reload() error {
	if s.options.Reload == nil {
		return errNoFile
	}
	next, err := s.options.Reload()
	if err != nil {
		return err
	}
	plan, err := s.prepare(next)
	if err != nil {
		return err
	}
	old := s.config.Load()
	for _, ch := range config.Diff(old, next) {
		if ch.NeedsRestart {
			s.log.Warn("setting needs a restart", "setting", ch.Path, "running", ch.Old, "file", ch.New)
			continue
		}
		s.log.Info("setting changed", "setting", ch.Path, "old", ch.Old, "new", ch.New)
	}
	keepUntilRestart(next, old)
	if err := plan.balances(next); err != nil { // those that were put back
		return err
	}
	s.apply(next, plan)
	s.log.Info("configuration reloaded")
	return nil
}

// keepUntilRestart puts what only a restart can change back to what is in
// force: it is what the console shows, and what the next reload differs from.
func keepUntilRestart(next, old *config.Config) {
	next.Process.SQLCache, next.Process.Log.Format = old.Process.SQLCache, old.Process.Log.Format
	next.Admin.HTTP = old.Admin.HTTP
	listeners := slices.Clone(old.Listeners)
	for i := range listeners {
		l := &listeners[i]
		if n := next.Listener(l.Name); n != nil {
			if n.Kind != l.Kind {
				continue
			}
			bind := l.Bind
			*l = *n
			l.Bind = bind
		}
	}
	next.Listeners = listeners
	keepPools(next, old)
}

// keepPools puts pools back to which listeners lead that only a restart
// removes.
func keepPools(next, old *config.Config) {
	for i := range next.Listeners {
		for _, name := range next.Listeners[i].Pools() {
			if p := old.ServicePool(name); p != nil && next.ServicePool(name) == nil {
				next.Pools = append(next.Pools, *p)
			}
		}
	}
}

// changes is everything a new configuration needs that can fail, made before
// anything is changed.
type changes struct {
	users  *userTable
	routes map[string]*route
	doors  map[string]*door
	pools  map[string]*balancePlan
}

func (s *Server) prepare(next *config.Config) (*changes, error) {
	p := &changes{routes: map[string]*route{}, doors: map[string]*door{}, pools: map[string]*balancePlan{}}
	var err error
	if err := p.balances(next); err != nil {
		return nil, err
	}
	if p.users, err = newUserTable(next); err != nil {
		return nil, err
	}
	for _, c := range next.Clusters {
		r, err := newRoute(c)
		if err != nil {
			return nil, err
		}
		if err := checkRules(&c, s.env.SQL.Read); err != nil {
			return nil, err
		}
		r.stale = stalenessOf(&c, next.Users)
		for _, other := range r.others {
			other.stale = r.stale
		}
		if existing := s.cluster(c.Name); existing != nil {
			if err := keepsRows(existing.route.Load(), r); err != nil {
				return nil, fmt.Errorf("clusters.%s.%w", c.Name, err)
			}
		}
		p.routes[c.Name] = r
	}
	for _, lc := range next.Listeners {
		if p.doors[lc.Name], err = newDoor(lc, next); err != nil {
			return nil, fmt.Errorf("listeners.%s: %w", lc.Name, err)
		}
	}
	return p, nil
}

// balances prepares the pools that have no plan yet.
func (p *changes) balances(next *config.Config) error {
	for i := range next.Pools {
		pool := &next.Pools[i]
		if p.pools[pool.Name] != nil {
			continue
		}
		plan, err := planBalance(pool)
		if err != nil {
			return fmt.Errorf("pools.%s.%w", pool.Name, err)
		}
		p.pools[pool.Name] = plan
	}
	return nil
}

func (s *Server) apply(next *config.Config, p *changes) {
	s.users.Store(p.users)
	s.config.Store(next)
	if s.options.Applied != nil {
		s.options.Applied(next)
	}
	s.applyBalances(p.pools)
	for _, l := range s.listeners {
		if d := p.doors[l.door.Load().Name]; d != nil {
			l.door.Store(d)
			if l.tcp != nil {
				l.tcp.Use(s.doorSettings(d))
			}
			if l.http != nil {
				err := l.http.Use(s.httpSettings(d, l.kept))
				if err != nil { // config has checked all that it could say
					s.log.Error("listener keeps its routes", "listener", d.Name, "error", err.Error())
				}
				l.kept.settle(err == nil)
			}
		}
	}
	s.retireBalances(p.pools)
	for _, c := range next.Clusters {
		s.applyCluster(c, next, p.routes[c.Name])
	}
	s.mu.Lock()
	var gone []*cluster
	for name, c := range s.clusters {
		if p.routes[name] == nil {
			gone = append(gone, c)
			delete(s.clusters, name)
		}
	}
	s.mu.Unlock()
	for _, c := range gone {
		for _, sess := range s.env.Registry.All() {
			if sess.Database() == c.name {
				sess.End(errKilled, false)
			}
		}
		s.visiting.Add(1)
		go s.retire(c)
	}
}

// retire closes the pools of a cluster that is not configured any more.
func (s *Server) retire(c *cluster) {
	defer s.visiting.Done()
	c.close()
}

func (s *Server) applyCluster(c config.Cluster, next *config.Config, r *route) {
	if existing := s.cluster(c.Name); existing != nil {
		existing.reconfigure(r, next)
		return
	}
	made := newCluster(c.Name, r, s)
	s.mu.Lock()
	s.clusters[c.Name] = made
	s.mu.Unlock()
	if s.begun.Load() {
		made.begin()
	}
}

// Check reports whether a configuration could be applied: it reads the
// certificates and secrets that the configuration names.
func Check(cfg *config.Config) error {
	reader := sqlparse.NewReader(cfg.Process.SQLCache)
	defer reader.Close()
	_, err := (&Server{env: &session.Env{SQL: reader}}).prepare(cfg)
	return err
}
