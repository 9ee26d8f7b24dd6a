package discover

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// Consul lists the passing instances of a service, by blocking queries of its
// HTTP API.
type Consul struct {
	URL        string // of an agent, "http://127.0.0.1:8500"
	Service    string
	Tag        string // only instances with it; "" is all
	Datacenter string // "" is the agent's
	Token      string
	Client     *http.Client // nil: http.DefaultClient; its Timeout must exceed Wait
	Wait       time.Duration
}

// consulWait is how long Consul may keep a question open, unless Wait says so.
const consulWait = time.Minute

// consulEntry is what matters of one row of /v1/health/service (Consul's API
// documentation, "List service instances for service").
type consulEntry struct {
	Node    struct{ Address string }
	Service struct {
		ID, Address string
		Port        int
		Weights     struct{ Passing int }
	}
}

// Watch implements Source.
func (c Consul) Watch(ctx context.Context, found func([]upstream.Target)) error {
	var index uint64
	for {
		list, at, err := c.ask(ctx, index)
		if err != nil {
			return fmt.Errorf("consul service %s: %w", c.Service, err)
		}
		found(list)
		switch {
		// Consul's rules for blocking queries: an index that goes back is
		// begun anew, and 0 would not block.
		case at < index:
			index = 0
		default:
			index = max(at, 1)
		}
	}
}

func (c Consul) ask(ctx context.Context, index uint64) ([]upstream.Target, uint64, error) {
	block := c.Wait
	if block == 0 {
		block = consulWait
	}
	// Consul adds up to a sixteenth of the wait, so that not all come at once.
	ctx, stop := context.WithTimeout(ctx, block+block/16+answerTime)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.question(index, block), nil)
	if err != nil {
		return nil, 0, err
	}
	if c.Token != "" {
		req.Header.Set("X-Consul-Token", c.Token)
	}
	var rows []consulEntry
	header, err := fetchJSON(c.Client, req, &rows)
	if err != nil {
		return nil, 0, err
	}
	at, err := strconv.ParseUint(header.Get("X-Consul-Index"), 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("X-Consul-Index %q is not a number", header.Get("X-Consul-Index"))
	}
	list := make([]upstream.Target, 0, len(rows))
	for _, row := range rows {
		t, err := row.target()
		if err != nil {
			return nil, 0, err
		}
		list = append(list, t)
	}
	return list, at, nil
}

func (c Consul) question(index uint64, block time.Duration) string {
	q := url.Values{"passing": {"1"}, "wait": {strconv.FormatInt(block.Milliseconds(), 10) + "ms"}}
	if index > 0 {
		q.Set("index", strconv.FormatUint(index, 10))
	}
	if c.Tag != "" {
		q.Set("tag", c.Tag)
	}
	if c.Datacenter != "" {
		q.Set("dc", c.Datacenter)
	}
	return strings.TrimSuffix(c.URL, "/") + "/v1/health/service/" + url.PathEscape(c.Service) + "?" + q.Encode()
}

// target is the instance's own address, or its node's where it has none.
func (e consulEntry) target() (upstream.Target, error) {
	host := e.Service.Address
	if host == "" {
		host = e.Node.Address
	}
	t := upstream.Target{
		Name:   e.Service.ID,
		Addr:   net.JoinHostPort(host, strconv.Itoa(e.Service.Port)),
		Weight: e.Service.Weights.Passing,
	}
	return t, checkAddr(t.Addr)
}

// answerTime is how long a registry may take for an answer that need not wait.
const answerTime = 5 * time.Second

// maxAnswer bounds a registry's answer, in bytes.
const maxAnswer = 8 << 20

// fetchJSON carries out a request and decodes its 200 answer.
func fetchJSON(client *http.Client, req *http.Request, into any) (http.Header, error) {
	resp, err := or(client, http.DefaultClient).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	return resp.Header, json.NewDecoder(http.MaxBytesReader(nil, resp.Body, maxAnswer)).Decode(into)
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
