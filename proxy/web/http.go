package web

import "github.com/wyeproxy/wye/proxy/stats"

// classes are the values of the label class.
var classes = [...]string{"broken", "1xx", "2xx", "3xx", "4xx", "5xx"}

// httpRequests writes what HTTP listeners and pools have done, where there are
// any.
func httpRequests(e *exposition, s *stats.Snapshot) {
	if len(s.HTTP) == 0 {
		return
	}
	e.family("wye_http_requests_total", counter, "Requests that have ended, by the class of their status.")
	for i := range s.HTTP {
		for c, n := range s.HTTP[i].Classes {
			e.sample("wye_http_requests_total", float64(n), s.HTTP[i].Kind, s.HTTP[i].Name, "class", classes[c])
		}
	}
	for _, m := range []struct {
		name, kind, help string
		value            func(*stats.HTTPRow) int64
	}{
		{"wye_http_active", gauge, "Requests under way.", func(r *stats.HTTPRow) int64 { return r.Active }},
		{"wye_http_retries_total", counter, "Tries beyond a request's first.", func(r *stats.HTTPRow) int64 { return r.Retries }},
		{"wye_http_malformed_total", counter, "Malformed requests, refused unread; of listeners.", func(r *stats.HTTPRow) int64 { return r.Malformed }},
		{"wye_http_access_log_lost_total", counter, "Lines of the access log that its queue had no room for, and writes of lines that failed; of listeners.", func(r *stats.HTTPRow) int64 { return r.LogLost }},
	} {
		e.family(m.name, m.kind, m.help)
		for i := range s.HTTP {
			e.sample(m.name, float64(m.value(&s.HTTP[i])), s.HTTP[i].Kind, s.HTTP[i].Name)
		}
	}
	e.family("wye_http_request_seconds", "histogram", "Duration of requests as the proxy sees it.")
	for i := range s.HTTP {
		r := &s.HTTP[i]
		e.histogram("wye_http_request_seconds", &r.Hist, r.Time.Seconds(), r.Kind, r.Name)
	}
}
