package proxy

import (
	"context"
	"log/slog"
	"reflect"
	"time"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/discover"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// firstList is how long a start waits for the servers of pools to be found.
const firstList = 2 * time.Second

// finding is a goroutine that follows the place where a pool's servers are
// listed. The balance owns it; it ends with stop.
type finding struct {
	place *config.PoolDiscover
	stop  context.CancelFunc
	ended chan struct{}
}

// follow keeps at most one finding under way: the one of the plan in force. It
// is called by the one goroutine that starts, reloads or ends the balance.
func (b *balance) follow(place *config.PoolDiscover, log *slog.Logger) {
	if f := b.finding; f != nil {
		if reflect.DeepEqual(f.place, place) {
			return
		}
		f.stop()
		<-f.ended
		b.finding = nil
	}
	if place == nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &finding{place: place, stop: stop, ended: make(chan struct{})}
	b.finding = f
	go func() {
		defer close(f.ended)
		discover.Follow(ctx, sourceOf(place), func(list []upstream.Target) error {
			err := b.useServers(list)
			if err == nil {
				log.Info("servers discovered", "servers", len(list))
			}
			return err
		}, func(err error) {
			if err != nil {
				log.Warn("discovery is of no help, the servers stay as they are", "error", err.Error())
				return
			}
			log.Info("discovery works again")
		})
	}()
}

// useServers replaces the servers by those that were found.
func (b *balance) useServers(list []upstream.Target) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.found
	b.found = list
	err := b.apply()
	if err != nil {
		b.found = before
	}
	return err
}

func sourceOf(x *config.PoolDiscover) discover.Source {
	switch {
	case x.File != "":
		return discover.File{Path: x.File}
	case x.DNS != "":
		return discover.DNS{Name: x.DNS, Port: x.Port, Resolver: x.Server}
	case x.Etcd != nil:
		return discover.Etcd{URLs: x.Etcd.URLs, Prefix: x.Etcd.Prefix, User: x.Etcd.User, Password: x.Etcd.Password.Reveal()}
	}
	c := x.Consul
	return discover.Consul{URL: c.URL, Service: c.Service, Tag: c.Tag, Datacenter: c.Datacenter, Token: c.Token.Reveal()}
}
