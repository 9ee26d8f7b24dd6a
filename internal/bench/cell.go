//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/internal/bench/load"
)

// cell is one row of the comparison.
type cell struct {
	workload string
	protocol load.Protocol
	clients  int
}

func (c cell) String() string {
	return fmt.Sprintf("%s:%s:%d", c.workload, c.protocol, c.clients)
}

const oneSelect = "SELECT abalance FROM pgbench_accounts WHERE aid = :aid"

// hotSelect asks for few rows again and again.
var hotSelect = strings.ReplaceAll(oneSelect, ":aid", ":tid")

// workloads are transactions by name; S and tpcb are pgbench's -S and its
// default, hot is -S with few rows, tx shows what BEGIN and END cost, and 64k is answered by fakepg
// only.
var workloads = map[string][]string{
	"S":   {oneSelect},
	"hot": {hotSelect},
	"tx":  {"BEGIN", oneSelect, "END"},
	"64k": {"SELECT canned(65536)"},
	"tpcb": {
		"BEGIN",
		"UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid",
		oneSelect,
		"UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid",
		"UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid",
		"INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP)",
		"END",
	},
}

// What is run when CELLS does not say.
const (
	realCells = "S:simple:8,S:simple:32,S:simple:128,S:extended:8,S:extended:32,S:extended:128," +
		"S:prepared:8,S:prepared:32,S:prepared:128,tpcb:simple:8,tpcb:simple:32,tpcb:simple:128"
	shortRealCells = "S:simple:8,S:simple:32,S:simple:128,S:extended:32,S:prepared:32,tpcb:simple:32"
	fakeCells      = "S:simple:8,S:simple:32,S:simple:256,S:extended:8,S:extended:32,S:extended:256,tx:simple:32,64k:simple:8"
	shortFakeCells = "S:simple:32,S:extended:32,tx:simple:32,64k:simple:8"
)

// maxClients is far above what one generator thread can keep busy.
const maxClients = 5000

// parseCells reads "S:simple:32,tpcb:simple:8".
func parseCells(text string, fake bool) ([]cell, error) {
	var cells []cell
	for word := range strings.SplitSeq(text, ",") {
		c, err := parseCell(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		if fake && c.protocol != load.Simple && c.workload != "S" && c.workload != "hot" || !fake && c.workload == "64k" {
			return nil, fmt.Errorf("cell %s: not with this server (FAKE=1 answers S and hot in any protocol, tx and 64k in the simple one; PostgreSQL has no canned rows)", word)
		}
		cells = append(cells, c)
	}
	return cells, nil
}

func parseCell(word string) (cell, error) {
	parts := strings.Split(word, ":")
	if len(parts) != 3 {
		return cell{}, fmt.Errorf("cell %q: want workload:protocol:clients, as in S:simple:32", word)
	}
	c := cell{workload: parts[0], protocol: load.Protocol(parts[1])}
	if workloads[c.workload] == nil {
		return c, fmt.Errorf("cell %q: workloads are S, hot, tx, tpcb and 64k", word)
	}
	switch c.protocol {
	case load.Simple, load.Extended, load.Prepared:
	default:
		return c, fmt.Errorf("cell %q: protocols are simple, extended and prepared", word)
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n < 1 || n > maxClients {
		return c, fmt.Errorf("cell %q: want 1 to %d clients", word, maxClients)
	}
	c.clients = n
	return c, nil
}
