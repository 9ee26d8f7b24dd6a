package session

import (
	"strings"
	"time"

	"github.com/wyeproxy/wye/proxy/connpool"
)

// wish is what the session's parameters say about where its statements go.
type wish struct {
	role      string        // wye.role
	readOnly  bool          // default_transaction_read_only
	isolation string        // default_transaction_isolation, "" = not set by the client
	noCache   bool          // wye.cache is off
	cache     time.Duration // wye.cache says for how long; 0 = as the rules say
}

// wishOf reads it from the parameters that the client has set.
func wishOf(p connpool.Params) *wish {
	var w wish
	role, _ := p.Get(roleName)
	w.role = strings.ToLower(role)
	if v, ok := p.Get("default_transaction_read_only"); ok {
		w.readOnly = isOn(v)
	}
	isolation, _ := p.Get("default_transaction_isolation")
	w.isolation = strings.ToLower(isolation)
	cache, _ := p.Get(cacheName)
	w.cache, w.noCache, _ = readCache(cache)
	if w == (wish{}) {
		return noWish
	}
	return &w
}

// noWish is what nearly all sessions have: an idle one is to cost little.
var noWish = new(wish)

// readCache reads a value of wye.cache: auto, off, or how long answers are
// kept.
func readCache(value string) (ttl time.Duration, off, ok bool) {
	switch value = strings.ToLower(value); value {
	case "", "auto", "on":
		return 0, false, true
	case "off":
		return 0, true, true
	}
	ttl, err := time.ParseDuration(value)
	return ttl, err == nil && ttl == 0, err == nil && ttl >= 0
}

// isOn reads a boolean parameter as PostgreSQL's parse_bool does, of which
// clients use these words.
func isOn(v string) bool {
	switch strings.ToLower(v) {
	case "on", "true", "yes", "1", "t", "y", "tr", "tru", "ye":
		return true
	}
	return false
}
