package stats

import (
	"cmp"
	"fmt"
	"slices"
)

// shown is a ConnRow with what the row's place in the Snapshot says about it.
type shown struct {
	*ConnRow
	server bool
}

func (c *shown) kind() Cell {
	if c.server {
		return text("S")
	}
	return text("C")
}

// pointer stands where PgBouncer shows a memory address: readers use it to
// join clients and servers, so any unique word will do.
func pointer(id uint64) Cell {
	if id == 0 {
		return text("")
	}
	return text(fmt.Sprintf("0x%x", id))
}

var connFields = []field[shown]{
	col("type", Text, (*shown).kind),
	col("user", Text, func(c *shown) Cell { return text(c.User) }),
	col("database", Text, func(c *shown) Cell { return text(c.Database) }),
	col("replication", Text, func(c *shown) Cell { return text(cmp.Or(c.Replication, "none")) }),
	col("state", Text, func(c *shown) Cell { return text(c.State) }),
	col("addr", Text, func(c *shown) Cell { return text(c.Addr) }),
	col("port", Int4, func(c *shown) Cell { return i4(c.Port) }),
	col("local_addr", Text, func(c *shown) Cell { return text(c.LocalAddr) }),
	col("local_port", Int4, func(c *shown) Cell { return i4(c.LocalPort) }),
	col("connect_time", Text, func(c *shown) Cell { return stamp(c.ConnectTime) }),
	col("request_time", Text, func(c *shown) Cell { return stamp(c.RequestTime) }),
	col("wait", Int4, func(c *shown) Cell { return seconds(c.Wait) }),
	col("wait_us", Int4, func(c *shown) Cell { return micros(c.Wait) }),
	col("close_needed", Int4, func(c *shown) Cell { return flag(c.CloseNeeded) }),
	col("ptr", Text, func(c *shown) Cell { return pointer(c.ID) }),
	col("link", Text, func(c *shown) Cell { return pointer(c.Link) }),
	col("remote_pid", Int4, func(c *shown) Cell { return i4(c.RemotePID) }),
	col("tls", Text, func(c *shown) Cell { return text(c.TLS) }),
	col("application_name", Text, func(c *shown) Cell { return text(c.ApplicationName) }),
	col("prepared_statements", Int4, func(c *shown) Cell { return i4(c.PreparedStatements) }),
	col("id", Int4, func(c *shown) Cell { return i4(c.ID) }),
}

// socketFields prefix the state and add PgBouncer's buffer positions, which
// wye does not have.
func socketFields() []field[shown] {
	fields := slices.Clone(connFields)
	for i, f := range fields {
		if f.Name == "state" {
			fields[i].get = (*shown).prefixedState
		}
	}
	for _, name := range []string{"recv_pos", "pkt_pos", "pkt_remain", "send_pos", "send_remain", "pkt_avail", "send_avail"} {
		fields = append(fields, col(name, Int4, func(*shown) Cell { return null }))
	}
	return fields
}

func (c *shown) prefixedState() Cell {
	if c.server {
		return text("sv_" + c.State)
	}
	return text("cl_" + c.State)
}

func conns(rows []ConnRow, server bool) []shown {
	out := make([]shown, len(rows))
	for i := range rows {
		out[i] = shown{&rows[i], server}
	}
	slices.SortFunc(out, func(a, b shown) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func sockets(s *Snapshot) []shown {
	return append(conns(s.Clients, false), conns(s.Servers, true)...)
}

func activeSockets(s *Snapshot) []shown {
	return slices.DeleteFunc(sockets(s), func(c shown) bool { return c.State != "active" })
}

var (
	_ = register("clients", connFields, func(s *Snapshot) []shown { return conns(s.Clients, false) })
	_ = register("servers", connFields, func(s *Snapshot) []shown { return conns(s.Servers, true) })
	_ = register("sockets", socketFields(), sockets)
	_ = register("active_sockets", socketFields(), activeSockets)
)
