package session

import (
	"fmt"
	"path"
	"time"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Keep is what a session knows of its cluster's cache of answers. It is part
// of Settings, where nil says that the cluster has none.
type Keep struct {
	Cache    *cache.Cache
	Wait     time.Duration // for the answer that another session has asked for
	MaxEntry int           // bytes, of answers that a hint alone has kept
	Hinted   *cache.Rule   // counts those
	Rules    []KeepRule    // those that the user's statements may fit, in order
	// Live reports whether writes that did not come through this proxy are
	// heard of, on one shard or on all. nil: nobody listens, and the rules' TTL
	// bounds what is missed.
	Live func(shard int) bool
	// InTransactions: reads in READ COMMITTED transactions are answered from
	// memory too, as long as these do nothing but read.
	InTransactions bool
}

// KeepRule names answers that are kept. Empty fields fit everything.
type KeepRule struct {
	Rule        *cache.Rule // its counters, by name
	Tables      map[string]bool
	Shape       string // see sqlparse.Statement.Shape
	Application string // a pattern of path.Match
	TTL, Stale  time.Duration
	MaxEntry    int // bytes
}

// fits reports whether the rule is for a statement of this verdict.
func (r *KeepRule) fits(read *sqlparse.Statement, v *router.Verdict) bool {
	if r.Shape != "" && r.Shape != read.Shape() {
		return false
	}
	if r.Tables != nil {
		for _, t := range v.Tables {
			if !r.Tables[t] {
				return false
			}
		}
	}
	return true
}

// suits reports whether the rule is for what the client calls itself.
func (r *KeepRule) suits(s *Session) bool {
	if r.Application == "" {
		return true
	}
	application, _ := s.params.Get("application_name")
	suits, _ := path.Match(r.Application, application)
	return suits
}

// keptBy is the rule for the answer of a statement that the session is about
// to send; nil: it is not to be kept.
func (s *Session) keptBy(read *sqlparse.Statement, from int) (*KeepRule, *router.Verdict) {
	keep := s.settings.Load().Keep
	if keep == nil || read == nil || !read.Plain() || s.pins != 0 || s.mode() == Wholly || s.wish.role == "primary" || s.wish.noCache || !s.keptHere(keep) {
		return nil, nil
	}
	v, unkept := s.verdictOn(read, from)
	if unkept != "" || v.Hint.Role == "primary" || v.Hint.HasCache && v.Hint.Cache == 0 {
		return nil, nil
	}
	if keep.Live != nil && !keep.Live(from) {
		return nil, nil
	}
	for i := range keep.Rules {
		if r := &keep.Rules[i]; r.fits(read, v) && r.suits(s) {
			return s.hinted(keep, r, v), v
		}
	}
	return s.hinted(keep, nil, v), v
}

// explainKept says whether the answer is kept, and by which rule, or what
// forbids it.
func (s *Session) explainKept(read *sqlparse.Statement, keep *Keep, from int) string {
	v, unkept := s.verdictOn(read, from)
	rule, _ := s.keptBy(read, from)
	switch {
	case rule != nil && from == EveryShard:
		return fmt.Sprintf("cache    rule %s, for %v, and until one of its tables is written on any shard", rule.Rule.Name, rule.TTL)
	case rule != nil:
		return fmt.Sprintf("cache    rule %s, for %v", rule.Rule.Name, rule.TTL)
	case unkept != "":
		return "cache    no: " + unkept
	case keep.Live != nil && !keep.Live(from):
		return "cache    no: writes made elsewhere are not heard of at this moment (SHOW CACHE says why)"
	case s.pins != 0 || s.mode() == Wholly:
		return "cache    no: the session keeps its server connection"
	case !s.keptHere(keep):
		return "cache    no: " + s.whyNotInTx(keep)
	case s.wish.noCache || s.wish.role == "primary" || v.Hint.Role == "primary" || v.Hint.HasCache:
		return "cache    no: the session or a hint says so"
	}
	return "cache    no: no rule is for it"
}

// hinted is the rule as a hint at the statement, or else SET wye.cache,
// changes it.
func (s *Session) hinted(keep *Keep, r *KeepRule, v *router.Verdict) *KeepRule {
	ttl := s.wish.cache
	if v.Hint.HasCache {
		ttl = v.Hint.Cache
	}
	if ttl == 0 {
		return r
	}
	changed := KeepRule{MaxEntry: keep.MaxEntry, Rule: keep.Hinted}
	if r != nil {
		changed = *r
	}
	changed.TTL = ttl
	return &changed
}

// validSince is the moment that a kept answer must be younger than: the last
// write to what it read that this proxy knows of, and what the session itself
// wants to be shown.
func (s *Session) validSince(v *router.Verdict, from int, at freshness.Instant) freshness.Instant {
	since := max(s.lastWriteOn(v.Tables, from), s.vouched)
	staleness := s.settings.Load().Reads.MaxStaleness
	if v.Hint.HasMaxStaleness {
		staleness = v.Hint.MaxStaleness
	} else if staleness == 0 {
		return since
	}
	return max(since, at.Add(-staleness))
}
