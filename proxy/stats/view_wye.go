package stats

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// pin is a row of SHOW PINS.
type pin struct {
	database, user, reason string
	PinCount
}

func pins(s *Snapshot) []pin {
	var out []pin
	for _, p := range MergePools(s.Pools) {
		for _, reason := range slices.Sorted(maps.Keys(p.Pins)) {
			out = append(out, pin{p.Database, p.User, reason, p.Pins[reason]})
		}
	}
	return out
}

func pinnedClients(s *Snapshot) []ConnRow {
	pinned := slices.DeleteFunc(slices.Clone(s.Clients), func(c ConnRow) bool { return len(c.Pins) == 0 })
	return sorted(pinned, func(a, b ConnRow) int { return a.PinnedSince.Compare(b.PinnedSince) })
}

// The views that PgBouncer does not have.
var (
	_ = register("pins", []field[pin]{
		col("database", Text, func(p *pin) Cell { return text(p.database) }),
		col("user", Text, func(p *pin) Cell { return text(p.user) }),
		col("reason", Text, func(p *pin) Cell { return text(p.reason) }),
		col("pinned", Int4, func(p *pin) Cell { return i4(p.Now) }),
		col("total", Numeric, func(p *pin) Cell { return num(p.Total) }),
	}, pins)

	_ = register("pinned_clients", []field[ConnRow]{
		col("id", Int4, func(c *ConnRow) Cell { return i4(c.ID) }),
		col("database", Text, func(c *ConnRow) Cell { return text(c.Database) }),
		col("user", Text, func(c *ConnRow) Cell { return text(c.User) }),
		col("application_name", Text, func(c *ConnRow) Cell { return text(c.ApplicationName) }),
		col("addr", Text, func(c *ConnRow) Cell { return text(c.Addr) }),
		col("port", Int4, func(c *ConnRow) Cell { return i4(c.Port) }),
		col("state", Text, func(c *ConnRow) Cell { return text(c.State) }),
		col("reasons", Text, func(c *ConnRow) Cell { return text(strings.Join(c.Pins, ", ")) }),
		col("pinned_since", Text, func(c *ConnRow) Cell { return stamp(c.PinnedSince) }),
		col("link", Text, func(c *ConnRow) Cell { return pointer(c.Link) }),
	}, pinnedClients)

	_ = register("listeners", []field[ListenerRow]{
		col("name", Text, func(l *ListenerRow) Cell { return text(l.Name) }),
		col("kind", Text, func(l *ListenerRow) Cell { return text(l.Kind) }),
		col("addr", Text, func(l *ListenerRow) Cell { return text(l.Addr) }),
		col("tls", Text, func(l *ListenerRow) Cell { return text(cmp.Or(l.TLS, "off")) }),
		col("clients", Int4, func(l *ListenerRow) Cell { return i4(l.Clients) }),
		col("accepted", Numeric, func(l *ListenerRow) Cell { return num(l.Accepted) }),
	}, func(s *Snapshot) []ListenerRow {
		return sorted(s.Listeners, func(a, b ListenerRow) int { return cmp.Compare(a.Name, b.Name) })
	})
)
