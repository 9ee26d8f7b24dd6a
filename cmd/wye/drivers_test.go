package main

import (
	"net"
	"testing"

	"github.com/wyeproxy/wye/internal/drivertest"
	"github.com/wyeproxy/wye/internal/testpg"
)

const driverConfig = `
users: [{name: app, password: app}]
listeners: [{name: main, bind: "127.0.0.1:0"}]
clusters:
  app: {nodes: ["{server}"], backend: {tls: {mode: disable}}, pool: {size: 8}}
`

// TestDrivers runs what applications do, for every driver, through wye in
// transaction mode. internal/drivertest runs the same on plain PostgreSQL.
func TestDrivers(t *testing.T) {
	t.Parallel()
	c := testpg.Start(t, testpg.Options{Name: "drivers"})
	_, addr := startProxy(t, c, driverConfig)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	target := drivertest.Target{Host: "127.0.0.1", Port: port, Database: "app", User: "app", Password: "app"}
	for _, s := range drivertest.Scripts {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel() // each has tables of its own; the server conns are shared
			s.Run(t, "../../testdata/drivers", target)
		})
	}
	for _, d := range drivertest.Drivers {
		t.Run(d.Name, func(t *testing.T) { d.Run(t, target) })
	}
}
