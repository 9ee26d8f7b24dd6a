package config

import (
	"cmp"
	"reflect"

	"github.com/wyeproxy/wye/shards"
)

// setDefaults fills a fresh struct with the defaults of its tags, groups within
// it too. Optional groups (pointers) and sections stay empty.
func setDefaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		switch {
		case f.typ.Kind() == reflect.Struct && isGroup(f.typ):
			setDefaults(v.Field(f.index))
		case f.hasDefault:
			if err := (scalar{text: f.def, loose: true}).set(f, v.Field(f.index)); err != nil {
				panic("config: bad default of " + f.key + ": " + err.Error())
			}
		}
	}
}

// derive fills the defaults that depend on other settings: those with a
// "derived" tag that are not simply left unset.
func derive(c *Config) {
	if c.Listeners == nil {
		l := Listener{Name: "default", Bind: DefaultBind}
		setDefaults(reflect.ValueOf(&l).Elem())
		l.Bind = DefaultBind
		c.Listeners = []Listener{l}
	}
	for i := range c.Listeners {
		deriveListener(&c.Listeners[i])
	}
	for i := range c.Clusters {
		deriveCluster(&c.Clusters[i])
	}
	for i := range c.Pools {
		derivePool(&c.Pools[i])
	}
}

func derivePool(p *ServicePool) {
	if p.Kind == KindHTTP && p.HTTP == nil {
		p.HTTP = new(PoolHTTP)
		setDefaults(reflect.ValueOf(p.HTTP).Elem())
	}
	if p.Health.Check == "" {
		p.Health.Check = CheckTCP
		switch {
		case p.Health.HTTP != nil:
			p.Health.Check = CheckHTTP
		case p.TLS != nil:
			p.Health.Check = CheckTLS
		}
	}
	if p.Health.Check == CheckHTTP && p.Health.HTTP == nil {
		p.Health.HTTP = new(ProbeHTTP)
		setDefaults(reflect.ValueOf(p.Health.HTTP).Elem())
	}
}

func deriveListener(l *Listener) {
	if l.Kind == ListenHTTP && l.HTTP == nil {
		l.HTTP = new(ListenerHTTP)
		setDefaults(reflect.ValueOf(l.HTTP).Elem())
	}
	if l.Kind == ListenPostgres {
		l.Auth, l.Route = cmp.Or(l.Auth, AuthSCRAM), cmp.Or(l.Route, RouteAuto)
	}
	if l.TLS.Mode == "" {
		l.TLS.Mode = ListenDisable
		if l.TLS.Use != "" {
			l.TLS.Mode = ListenRequire
		}
	}
}

func deriveCluster(c *Cluster) {
	if c.Database == "" {
		c.Database = c.Name
	}
	if c.AuthQuery != nil && c.AuthQuery.Query == "" {
		c.AuthQuery.Query = DefaultAuthQuery
	}
	if c.Sharded() {
		deriveShards(c)
	}
	tls := &c.Backend.TLS
	switch {
	case tls.Mode != "":
	case tls.CA != "":
		tls.Mode = ServerVerifyFull
	case tls.Direct:
		tls.Mode = ServerRequire
	default:
		tls.Mode = ServerPrefer
	}
}

func deriveShards(c *Cluster) {
	if c.Gather == nil {
		c.Gather = new(Gather)
		setDefaults(reflect.ValueOf(c.Gather).Elem())
	}
	if c.MultiShardWrite == "" {
		c.MultiShardWrite = WriteTwoPhase
	}
	for i := range c.Maps {
		if m := &c.Maps[i]; m.Kind == MapHash && m.Slots == 0 {
			m.Slots = shards.DefaultSlots
		}
	}
}
