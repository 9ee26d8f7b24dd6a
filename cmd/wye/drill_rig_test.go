package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// drillRig is a cluster of several servers and wye in front of all of them.
type drillRig struct {
	*testpg.Cluster
	addr, url string // wye's; url is for the user app
}

// drillUsers: as heard, wye may follow the primary's log.
var drillUsers = []testpg.User{{Name: "app", Password: "app"}, {Name: "heard", Password: "heard", Attributes: "REPLICATION"}}

// startDrill names every server to wye and none as the primary. cluster is more
// of the cluster's settings.
func startDrill(t *testing.T, replicas int, cluster string) drillRig {
	t.Helper()
	c := testpg.Start(t, testpg.Options{Name: "drill", Replicas: replicas, Users: drillUsers})
	var nodes []string
	for _, n := range c.Nodes() {
		nodes = append(nodes, `"`+n.Addr()+`"`)
	}
	_, addr := startProxy(t, c, `
clusters:
  app: {nodes: [`+strings.Join(nodes, ", ")+`], database: "{db}", backend: {tls: {mode: disable}}, `+cluster+`}
users:
  - {name: app, password: app}
  - {name: ops, password: ops}
admin: {console: {admins: [ops]}}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`)
	return drillRig{c, addr, dsnOf(addr, "app", "app")}
}

// drillTime bounds a drill that hangs; the full ones take minutes.
func drillTime(t *testing.T) context.Context { return soon(t, 20*time.Minute) }

// figures tells whether a drill has its full length, on a machine that does
// nothing else: only then are times judged.
func figures(variable string) bool { return os.Getenv(variable) != "" }

// waitForReaders waits until wye knows the replicas, the catalog
// and what the statement names.
func waitForReaders(t *testing.T, rig drillRig, sql string) {
	t.Helper()
	conn := connect(t, rig.url)
	eventually(t, "wye reads from a replica", func() bool {
		must(t, conn, sql)
		route := explained(t, conn, sql)
		for _, r := range rig.Replicas {
			if strings.Contains(route, r.Addr()) {
				return true
			}
		}
		return false
	})
}
