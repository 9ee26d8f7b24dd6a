package web

import (
	"encoding/json"
	"net/http"

	"github.com/wyeproxy/wye/proxy/stats"
)

// healthz says that the process runs; it knows nothing of the databases.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readiness is the body of /readyz.
type readiness struct {
	Ready    bool            `json:"ready"`
	Draining bool            `json:"draining"`
	Clusters map[string]bool `json:"clusters"` // name: a primary is reachable
}

// readyz says whether new clients are welcome: not while draining, and not
// when a cluster cannot take writes.
func readyz(control Control) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		body := ready(control.Health())
		status := http.StatusOK
		if !body.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, body)
	}
}

func ready(h stats.Health) readiness {
	r := readiness{Ready: !h.Draining, Draining: h.Draining, Clusters: make(map[string]bool, len(h.Clusters))}
	for _, c := range h.Clusters {
		r.Clusters[c.Name] = c.Primary
		r.Ready = r.Ready && c.Primary
	}
	return r
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the status is out; a client that left is no error
}
