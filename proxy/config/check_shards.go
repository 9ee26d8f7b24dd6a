package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Sharded tells whether the cluster's rows are spread over shards.
func (c *Cluster) Sharded() bool { return len(c.Shards) > 0 }

// Servers are all nodes of the cluster, shard after shard.
func (c *Cluster) Servers() []Node {
	all := c.Nodes
	for _, s := range c.Shards {
		all = append(slices.Clip(all), s.Nodes...)
	}
	return all
}

// ShardSpec is the map of a sharded cluster, as package shards takes it. Of a
// Config that was loaded, shards.New finds nothing wrong in it.
func (c *Cluster) ShardSpec() shards.Spec {
	var spec shards.Spec
	for _, s := range c.Shards {
		spec.Shards = append(spec.Shards, shards.Shard{Name: s.Name, Weight: s.Weight, Path: join("shards", s.Name)})
	}
	for i := range c.Maps {
		spec.Groups = append(spec.Groups, c.Maps[i].group())
	}
	for _, t := range c.Tables {
		schema, name, qualified := strings.Cut(t.Name, ".")
		if !qualified {
			schema, name = "", t.Name
		}
		spec.Tables = append(spec.Tables, shards.TableSpec{
			Schema: schema, Name: name, Group: t.Map, Keys: t.Key, Reference: t.Reference, Shard: t.Shard, Path: join("tables", t.Name)})
	}
	return spec
}

func (m *Map) group() shards.Group {
	g := shards.Group{Name: m.Name, Kind: shards.Kind(m.Kind), Slots: m.Slots, Default: m.Default, Path: join("maps", m.Name)}
	for _, t := range m.Type {
		typ, _ := shardfunc.ParseType(string(t))
		g.Types = append(g.Types, typ)
	}
	for _, p := range m.Placement {
		runs := make([]string, len(p.Slots))
		for i, r := range p.Slots {
			runs[i] = string(r)
		}
		g.Placement = append(g.Placement, shards.Placed{Slots: strings.Join(runs, ","), Shard: p.Shard})
	}
	for _, r := range m.Ranges {
		k := shards.KeyRange{Shard: r.Shard, HasFrom: r.From != nil, HasTo: r.To != nil}
		if r.From != nil {
			k.From = string(*r.From)
		}
		if r.To != nil {
			k.To = string(*r.To)
		}
		g.Ranges = append(g.Ranges, k)
	}
	for _, l := range m.Lists {
		k := shards.KeyList{Shard: l.Shard}
		for _, v := range l.Values {
			k.Values = append(k.Values, string(v))
		}
		g.Lists = append(g.Lists, k)
	}
	return g
}

// checkShards looks at the map of a sharded cluster, and refuses the settings of
// one in a cluster that has no shards.
func (d *decoder) checkShards(c *Cluster, path string) {
	if at, given := d.where[path+".shards"]; given && len(c.Shards) == 0 {
		d.errorf(at, `%s.shards: no shards; write {s0: {nodes: ["host:5432"]}}`, path)
	}
	if !c.Sharded() {
		for _, key := range []string{"maps", "tables", "gather", "multi_shard_write", "weak_snapshots", "sharding"} {
			if at, ok := d.where[path+"."+key]; ok {
				d.errorf(at, "%s.%s: without effect, as the cluster has no shards", path, key)
			}
		}
		return
	}
	d.checkShardNodes(c, path)
	if c.Pool.Mode == PoolSession {
		d.errorf(d.at(path+".pool.mode"), "%s.pool.mode: session is %s", path, notSharded)
	}
	if d.broken[path] {
		return // what could not be read would be reported once more
	}
	_, problems := shards.New(c.ShardSpec())
	for _, p := range problems {
		d.mapProblem(path, p)
	}
	used := map[string]bool{}
	for _, t := range c.Tables {
		used[t.Map] = true
	}
	for _, m := range c.Maps {
		if len(problems) == 0 && !used[m.Name] {
			at := join(path+".maps", m.Name)
			d.warnf(d.at(at), "%s is not used by any table", at)
		}
	}
}

// notSharded: a session of one client and one server conn has no place where a
// statement may concern another server.
const notSharded = "not available on a sharded cluster; write transaction or statement"

// checkUserMode refuses a pool mode that a cluster which the user may enter
// cannot have.
func (d *decoder) checkUserMode(c *Config, u *User, path string) {
	if u.PoolMode != PoolSession {
		return
	}
	for i := range c.Clusters {
		if cl := &c.Clusters[i]; cl.Sharded() && u.MayEnter(cl.Name) {
			d.errorf(d.at(path), "%s: session is not available on a sharded cluster, and %s is one that %s may enter; name the clusters that it may", path, cl.Name, u.Name)
			return
		}
	}
}

func (d *decoder) checkShardNodes(c *Cluster, path string) {
	first := map[string]string{}
	for _, s := range c.Shards {
		at := join(path+".shards", s.Name) + ".nodes"
		if place, given := d.where[at]; given && len(s.Nodes) == 0 {
			d.errorf(place, `%s: no nodes; write ["host:5432"]`, at)
		}
		for i, n := range s.Nodes {
			item := fmt.Sprintf("%s[%d].addr", at, i)
			if other, twice := first[n.Addr]; twice && n.Addr != "" {
				d.errorf(d.at(item), "%s: %s is a node of %s already", item, d.name(item, n.Addr), other)
			}
			first[n.Addr] = join("shards", s.Name)
		}
	}
}

// mapProblem reports what is wrong with a map. What came from a reference is not
// shown, nor what a message may have made of it.
func (d *decoder) mapProblem(path string, p shards.Problem) {
	at := path + "." + p.Path
	switch {
	case d.hides(path):
		d.errorf(d.at(at), "%s is wrong; why is not shown, as some of the map comes from references", at)
	case p.Unknown != "" && len(d.problems) < maxProblems: // the search for a like name takes time
		d.undefined(at, p.Unknown, p.Name, p.Known)
	default:
		d.errorf(d.at(at), "%s: %s", at, p.Message)
	}
}

// hides tells whether any part of a cluster's map came from a reference.
func (d *decoder) hides(path string) bool {
	for at := range d.hidden {
		for _, key := range []string{".maps.", ".tables."} {
			if strings.HasPrefix(at, path+key) {
				return true
			}
		}
	}
	return false
}
