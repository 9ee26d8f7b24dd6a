package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxPatroni bounds an answer of Patroni's REST API. A member takes some 300
// bytes in it.
const maxPatroni = 1 << 20

// patroniCluster is the answer of GET /cluster (Patroni's REST API
// documentation, "Monitoring endpoint").
type patroniCluster struct {
	Members []patroniMember `json:"members"`
}

type patroniMember struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	State string `json:"state"`
	Host  string `json:"host"`
	Port  int    `json:"port"`
}

// leads says that the member holds the leader's role: Patroni 4 says
// "leader" there, and "primary" in its other answers; before it was "master".
// The leader of a standby cluster takes no writes.
func (m patroniMember) leads() bool {
	return m.Role == "leader" || m.Role == "primary" || m.Role == "master"
}

// errNoMembers says that the answer is of something else than /cluster.
var errNoMembers = errors.New("the answer lists no members")

// readPatroni finds the leader among nodes (host:port). Where Patroni's
// leader is none of them, the two speak of different addresses, and the hint
// is worth nothing; where it has none, none may become primary.
func readPatroni(body []byte, nodes []string) (hint, error) {
	var c patroniCluster
	if err := json.Unmarshal(body, &c); err != nil {
		return hint{}, err
	}
	if len(c.Members) == 0 {
		return hint{}, errNoMembers
	}
	h := hint{leader: nobody, name: "Patroni"}
	for _, m := range c.Members {
		at := indexOf(nodes, net.JoinHostPort(m.Host, strconv.Itoa(m.Port)))
		h.known = h.known || at != nobody
		if !m.leads() {
			continue
		}
		if at == nobody {
			return hint{}, fmt.Errorf("its leader %s is at %s:%d, which is no server of this cluster", m.Name, m.Host, m.Port)
		}
		h.leader = at
	}
	return h, nil
}

func indexOf(nodes []string, addr string) int {
	for i, n := range nodes {
		if strings.EqualFold(n, addr) {
			return i
		}
	}
	return nobody
}

// askPatroniForever keeps the hint young: each quiet interval, and at once
// when a probe shows something that Patroni may explain.
func (w *Watcher) askPatroniForever() {
	defer w.running.Done()
	client := &http.Client{Timeout: w.o.Timeout}
	defer client.CloseIdleConnections()
	said := ""
	for w.ctx.Err() == nil {
		h, err := w.askPatroni(client)
		if w.ctx.Err() != nil {
			return
		}
		if text := lacking(err); text != said {
			said = text
			if err != nil {
				w.o.Log.Warn("Patroni is of no help", "why", err)
			}
		}
		w.setHint(h)
		select {
		case <-time.After(w.quiet()):
		case <-w.unsure:
			pauseFor(w.ctx, inDoubt)
		case <-w.ctx.Done():
		}
	}
}

// pauseFor keeps a cluster without a leader from being asked in a tight loop.
func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// askPatroni returns the first hint that is worth something.
func (w *Watcher) askPatroni(client *http.Client) (hint, error) {
	var errs []error
	for _, url := range w.o.Patroni {
		body, err := fetch(w.ctx, client, strings.TrimSuffix(url, "/")+"/cluster")
		if err == nil {
			var h hint
			if h, err = readPatroni(body, w.o.Nodes); err == nil {
				return h, nil
			}
		}
		errs = append(errs, fmt.Errorf("%s: %w", url, err))
	}
	return hint{}, errors.Join(errs...)
}

func fetch(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxPatroni))
}

// setHint takes in what Patroni said. A hint is not believed: it makes us
// look, and it can forbid.
func (w *Watcher) setHint(h hint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h == w.hint {
		return
	}
	w.hint = h
	if h.leader != w.roles.primary || !h.known {
		for _, n := range w.nodes {
			w.hurry(n, 0)
		}
	}
}
