package proxy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/commit"
)

// newShardedRoute prepares the routes of all shards.
func newShardedRoute(c config.Cluster) (*route, error) {
	places, problems := shards.New(c.ShardSpec())
	for _, p := range problems {
		return nil, fmt.Errorf("clusters.%s.%s", c.Name, p)
	}
	if _, err := commit.New(commit.Options{Cluster: c.Name}); err != nil {
		return nil, fmt.Errorf("clusters.%s: %w", c.Name, err)
	}
	var lead *route
	for _, one := range c.Shards {
		part := c
		part.Nodes, part.Shards = one.Nodes, nil
		r, err := newRoute(part)
		if err != nil {
			return nil, err
		}
		r.shard = true
		if lead == nil {
			lead = r
			lead.whole, lead.places = c, places
			continue
		}
		lead.others = append(lead.others, r)
	}
	return lead, nil
}

// keepsRows says why a reload cannot have the new route: the number and order
// of shards stand in the names of prepared transactions, and no row may be
// looked for where it is not. What has no rows yet may be mapped.
func keepsRows(old, next *route) error {
	switch {
	case old.places == nil && next.places == nil:
		return nil
	case old.places == nil || next.places == nil || !slices.Equal(old.places.Shards(), next.places.Shards()):
		return errors.New("shards: adding, removing or renaming shards needs a restart")
	}
	for _, m := range shards.Diff(old.places, next.places) {
		if m.Group != "" && m.From == "" && m.To != "" {
			continue // keys that no shard had a place for
		}
		what := "maps." + m.Group
		if m.Group == "" {
			what = "tables." + m.Table
		}
		return fmt.Errorf("%s: its rows would be looked for on other shards than they are on (%s); move them, then restart", what, m.What)
	}
	return nil
}
