// Package web is the HTTP side of the administration: /metrics for
// Prometheus, /healthz and /readyz for whoever decides where traffic goes,
// the SHOW views as JSON under /api, pprof under /debug, and /status, a page for
// people.
//
// It owns the names of the metrics and the rule who may see what: metrics and
// health are open, the rest needs the token or comes from this machine. It
// counts nothing itself, changes nothing in the proxy, and renders all of it
// from one stats.Snapshot.
//
// When a metric is wrong, look at what SHOW says first: both come from the
// same figures. When a dashboard made for pgbouncer_exporter is empty, look in
// pgbouncer.go.
package web
