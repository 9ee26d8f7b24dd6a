package stats

import (
	"cmp"
	"strconv"
)

// Compatible is the PgBouncer version whose console wye speaks; readers
// refuse what is not above 1.8.0, and take the first x.y.z they find.
const Compatible = "1.25.2"

// pair is a row of the views that are lists of names and values.
type pair struct {
	name  string
	value int64
}

// lists are PgBouncer's, in its order. What wye does not have is 0: it keeps
// no free lists and no DNS cache of its own, and has no peers.
func lists(s *Snapshot) []pair {
	return []pair{
		{"databases", int64(len(s.Databases))},
		{"users", int64(len(s.Users))},
		{"peers", 0},
		{"pools", int64(len(MergePools(s.Pools)))},
		{"peer_pools", 0},
		{"free_clients", int64(max(0, s.Process.MaxClients-len(s.Clients)))},
		{"used_clients", int64(len(s.Clients))},
		{"login_clients", int64(s.Process.LoginClients)},
		{"free_servers", 0},
		{"used_servers", int64(len(s.Servers))},
		{"dns_names", 0},
		{"dns_zones", 0},
		{"dns_queries", 0},
		{"dns_pending", 0},
	}
}

// config adds the keys that readers ask for under PgBouncer's names, where the
// process has no setting of that name.
func config(s *Snapshot) []ConfigRow {
	rows := sorted(s.Config, func(a, b ConfigRow) int { return cmp.Compare(a.Key, b.Key) })
	for _, want := range []ConfigRow{
		{Key: "max_client_conn", Value: strconv.Itoa(s.Process.MaxClients), Default: "0"},
		{Key: "max_user_connections", Value: "0", Default: "0"},
	} {
		if !hasKey(s.Config, want.Key) {
			rows = append(rows, want)
		}
	}
	return rows
}

func hasKey(rows []ConfigRow, key string) bool {
	for _, r := range rows {
		if r.Key == key {
			return true
		}
	}
	return false
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func state(s *Snapshot) [][2]string {
	p := &s.Process
	return [][2]string{
		{"active", yesNo(!p.Paused && !p.Suspended)},
		{"paused", yesNo(p.Paused)},
		{"suspended", yesNo(p.Suspended)},
	}
}

// area is a row of SHOW MEM: used and free count items of size bytes.
type area struct {
	name             string
	size, used, free int64
}

func memory(s *Snapshot) []area {
	m := &s.Process.Memory
	return []area{
		{"heap", 1, m.Objects, m.Free},
		{"stacks", 1, m.Stacks, 0},
		{"runtime", 1, m.Other, 0},
	}
}

var (
	_ = register("version", []field[Process]{
		col("version", Text, func(p *Process) Cell {
			return text("PgBouncer " + Compatible + " (wye " + p.Version + ")")
		}),
	}, func(s *Snapshot) []Process { return []Process{s.Process} })

	_ = register("lists", []field[pair]{
		col("list", Text, func(p *pair) Cell { return text(p.name) }),
		col("items", Int4, func(p *pair) Cell { return i4(p.value) }),
	}, lists)

	_ = register("config", []field[ConfigRow]{
		col("key", Text, func(c *ConfigRow) Cell { return text(c.Key) }),
		col("value", Text, func(c *ConfigRow) Cell { return text(c.Value) }),
		col("default", Text, func(c *ConfigRow) Cell { return text(c.Default) }),
		col("changeable", Text, func(c *ConfigRow) Cell { return text(yesNo(c.Reloadable)) }),
	}, config)

	_ = register("state", []field[[2]string]{
		col("key", Text, func(p *[2]string) Cell { return text(p[0]) }),
		col("value", Text, func(p *[2]string) Cell { return text(p[1]) }),
	}, state)

	_ = register("mem", []field[area]{
		col("name", Text, func(a *area) Cell { return text(a.name) }),
		col("size", Int4, func(a *area) Cell { return i4(a.size) }),
		col("used", Int4, func(a *area) Cell { return i4(a.used) }),
		col("free", Int4, func(a *area) Cell { return i4(a.free) }),
		col("memtotal", Int4, func(a *area) Cell { return i4(a.size * (a.used + a.free)) }),
	}, memory)
)
