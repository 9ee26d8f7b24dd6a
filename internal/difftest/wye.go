package difftest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/wyeproxy/wye/proxy"
	"github.com/wyeproxy/wye/proxy/config"
)

// Setup is what testdata/difftest/wye.yaml is filled with.
type Setup struct {
	Database string
	Servers  []string // a shard each; Plain has one server
	Plain    bool     // a cluster that is not sharded
	Gather   bool
	// Users and Accounts are nil where a hash places them.
	Users, Accounts, Events []Span
}

// Wye is a proxy in this process.
type Wye struct {
	server
	proxy *proxy.Server
}

// Close ends the proxy.
func (w *Wye) Close() { w.proxy.Close() }

// WyePlain is wye before one PostgreSQL that is not sharded.
func (f *Fleet) WyePlain(ctx context.Context) (*Wye, error) {
	const database = "wye_plain"
	s, err := f.plain(ctx, database, false)
	if err != nil {
		return nil, err
	}
	w, err := f.serve(Setup{Database: database, Plain: true}, 1)
	if err != nil {
		return nil, err
	}
	w.name, w.store = "wye, not sharded", s
	return w, nil
}

// WyeOver is wye over the shards of a layout, which it fills, without gather
// and with it: the same rows behind two proxies.
func (f *Fleet) WyeOver(ctx context.Context, l Layout) (without, with *Wye, err error) {
	u := l.setup()
	store, err := f.scatterThrough(ctx, l, "wye_", func(*Store) (Session, error) {
		if without, err = f.serve(u, l.Shards); err != nil {
			return nil, err
		}
		return without.ready(ctx)
	})
	if err == nil {
		u.Gather = true
		if with, err = f.serve(u, l.Shards); err == nil {
			var s Session
			if s, err = with.ready(ctx); err == nil {
				s.Close()
			}
		}
	}
	if err != nil {
		for _, w := range []*Wye{without, with} {
			if w != nil {
				w.Close()
			}
		}
		return nil, nil, fmt.Errorf("wye over %s: %w", l, err)
	}
	without.name, without.store = "wye over "+l.String(), store
	with.name, with.store = "wye over "+l.String()+" with gather", store
	return without, with, nil
}

// setup is a layout's, but for the servers.
func (l Layout) setup() Setup {
	u := Setup{Database: l.database("wye_"), Events: spans(firstEvent, lastEvent, eventBounds[l.Shards])}
	if l.Range {
		u.Users, u.Accounts = spans("", "", userBounds[l.Shards]), spans("", "", accountBounds[l.Shards])
	}
	return u
}

// serve starts a proxy for the database's shards.
func (f *Fleet) serve(u Setup, shards int) (*Wye, error) {
	for _, c := range f.servers[:shards] {
		u.Servers = append(u.Servers, c.Primary.Addr())
	}
	cfg, err := u.config()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("WYE_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	p, err := proxy.New(cfg, proxy.Options{Version: "difftest", Log: log, Reload: u.config})
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		p.Close()
		return nil, err
	}
	to := url.URL{Scheme: "postgres", User: url.UserPassword("app", "app"), Host: p.Addrs()[0].String(), Path: "/" + u.Database, RawQuery: "sslmode=disable"}
	return &Wye{server: server{url: to.String()}, proxy: p}, nil
}

func (u Setup) config() (*config.Config, error) {
	const name = "wye.yaml"
	t, err := template.New(name).ParseFiles(filepath.Join(Dir(), name))
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	if err := t.Execute(&text, u); err != nil {
		return nil, err
	}
	cfg, problems := config.Parse(name, []byte(text.String()))
	if cfg != nil {
		return cfg, nil
	}
	var all []error
	for _, p := range problems {
		if !p.Warning {
			all = append(all, errors.New(p.String()))
		}
	}
	return nil, errors.Join(all...)
}

// ready waits until a look-up by key is answered: wye has to see the servers
// and their catalog first.
func (w *Wye) ready(ctx context.Context) (Session, error) {
	s, err := w.Open(ctx)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; {
		a := s.Do(Step{SQL: "SELECT id FROM users WHERE id = 3"}, Simple)
		if a.Err == nil && a.Lost == nil {
			return s, nil
		}
		if a.Lost != nil || time.Now().After(end) {
			s.Close()
			return nil, fmt.Errorf("a look-up by key: %s %v", a.Err, a.Lost)
		}
		select {
		case <-ctx.Done():
			s.Close()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
