package admin

import (
	"context"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/stats"
)

// Purge says which answers HTTP listeners shall forget. At most one of Route,
// Host and URL is not empty; none of them means all there is.
type Purge struct {
	Listener string // of Route; "" is any
	Route    string
	Host     string // name, or name:port
	URL      string // begins so: scheme, host and path
}

// Purged is what became of one route.
type Purged struct {
	Listener, Route string
	Entries         int
	Bytes           int64
}

// parsePurge reads HTTP_CACHE [ROUTE [<listener>/]<route> | HOST <host> | URL
// <prefix>]. It says what was freed, a row per route.
func parsePurge(_ *session, a *args) (*plan, error) {
	if !a.take("http_cache") {
		return nil, a.unexpected()
	}
	var p Purge
	var into *string
	switch {
	case a.take("route"):
		into = &p.Route
	case a.take("host"):
		into = &p.Host
	case a.take("url"):
		into = &p.URL
	}
	if into != nil {
		if *into = a.address(); *into == "" {
			return nil, a.unexpected()
		}
	}
	if listener, route, both := strings.Cut(p.Route, "/"); both {
		p.Listener, p.Route = listener, route
	}
	if p.URL != "" && !strings.Contains(p.URL, "://") {
		return nil, pgerror.Newf(pgerror.InvalidParameterValue, "not an absolute URL: %q", shorten(p.URL)).
			WithHint("Write it as clients ask for it: PURGE HTTP_CACHE URL 'https://shop.example/img/'.")
	}
	return &plan{
		columns: []stats.Column{
			{Name: "listener", Type: stats.Text}, {Name: "route", Type: stats.Text}, {Name: "entries", Type: stats.Int8}, {Name: "bytes", Type: stats.Int8},
		},
		run: func(_ context.Context, s *session) (answer, error) {
			freed, err := s.control.PurgeHTTP(p)
			return answer{rows: purgedRows(freed), tag: "PURGE HTTP_CACHE"}, err
		},
	}, nil
}

func purgedRows(freed []Purged) (rows [][]stats.Cell) {
	for _, f := range freed {
		rows = append(rows, []stats.Cell{
			{Text: f.Listener}, {Text: f.Route}, {Text: strconv.Itoa(f.Entries)}, {Text: strconv.FormatInt(f.Bytes, 10)},
		})
	}
	return rows
}
