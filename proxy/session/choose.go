package session

import (
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// course is where a batch goes, and why it may go elsewhere should that fail.
type course struct {
	verdict *router.Verdict // of the only statement, nil if there are several
	replica bool            // a replica may serve it
	proven  bool            // to only read, all of it, when it was decided where it goes
	split   bool            // on a replica, outside of the transaction that the client is in
	avoid   uint64          // bits of the nodes that failed it
	reruns  int             // how often it was sent again
	told    connpool.Params // what the client knew of its parameters when it began
}

// choose decides where the batch goes whose first message is taken: nil is
// the primary. extended: the messages of the batch still stand in the
// client's input.
func (s *Session) choose(read *sqlparse.Statement, extended bool) (*Reader, *pgerror.Error) {
	c := &s.t.course
	*c = course{told: s.told}
	set := s.settings.Load()
	route := s.routeOf(set)
	s.noting = set.Reads.Replicas || set.Keep != nil
	if s.splits = set.Reads.Replicas; !s.splits && route == router.RouteAuto || s.mode() == Wholly || read == nil && !extended {
		return nil, nil
	}
	f := s.facts(set, route)
	p := s.plan(read, &f, extended)
	switch p := p.(type) {
	case *plan.Reject:
		return nil, p.Err
	case *plan.Direct:
		c.replica = p.Role == plan.Replica
	}
	c.proven = c.proven && c.replica // not all of the batch may have been looked at
	if !c.replica {
		return nil, nil
	}
	c.split = f.InTx && !f.ReadOnlyTx && !f.DefaultReadOnly && route != router.RouteReplica
	return s.reader(set)
}

// plan asks the router about the statement or, in the extended protocol,
// about all of the batch.
func (s *Session) plan(read *sqlparse.Statement, f *router.Facts, extended bool) plan.Plan {
	r := s.servers.Router()
	if extended {
		return s.planBatch(r, f, read)
	}
	v := r.Verdict(read)
	s.t.course.verdict, s.t.course.proven = v, v.ReadOnly
	return r.Route(read, *f)
}

// planBatch is the plan for all messages up to Sync, which decides for a
// replica only if all of them have come and each may go there. What was sent
// to one server cannot be moved to another when a later message needs it.
// first is what the first message's text does, if that is a Parse.
func (s *Session) planBatch(r *router.Router, f *router.Facts, first *sqlparse.Statement) plan.Plan {
	var last plan.Plan
	var few [2]parsedAhead // on the stack: most batches have one Parse
	parsed := few[:0]
	in := s.client.Input()
	for binds := 0; ; {
		typ, total, ok, err := protocol.PeekClient(in)
		if err != nil || !ok || len(in) < total {
			return nil
		}
		body := in[protocol.HeaderLen:total]
		var read *sqlparse.Statement
		switch typ {
		case 'S':
			return last
		case 'P':
			name, rest, ok1 := protocol.CString(body)
			sql, _, ok2 := protocol.CString(rest)
			if !ok1 || !ok2 {
				return nil
			}
			if read, first = first, nil; read == nil {
				read = s.read(sql)
			}
			parsed = append(parsed, parsedAhead{name, read})
		case 'B':
			_, rest, ok1 := protocol.CString(body)
			name, _, ok2 := protocol.CString(rest)
			if !ok1 || !ok2 {
				return nil
			}
			if read = s.readAhead(parsed, name); read == nil {
				return nil
			}
			c, v := &s.t.course, r.Verdict(read)
			if binds++; binds == 1 {
				c.verdict, c.proven = v, v.ReadOnly
			} else {
				c.verdict, c.proven = nil, c.proven && v.ReadOnly
			}
		case 'D', 'E', 'C':
		default:
			return nil
		}
		if read != nil {
			last = r.Route(read, *f)
			if d, ok := last.(*plan.Direct); !ok || d.Role != plan.Replica {
				return last
			}
		}
		in = in[total:]
	}
}

// parsedAhead is a statement that the batch itself prepares.
type parsedAhead struct {
	name []byte
	read *sqlparse.Statement
}

// readAhead is what the statement of that name does at this point of the
// batch.
func (s *Session) readAhead(parsed []parsedAhead, name []byte) *sqlparse.Statement {
	for i := len(parsed) - 1; i >= 0; i-- {
		if string(parsed[i].name) == string(name) {
			return parsed[i].read
		}
	}
	return s.readOf(name)
}

// routeOf is the narrower of what the listener and the user are configured for.
func (s *Session) routeOf(set *Settings) router.Route {
	if set.Route != router.RouteAuto {
		return set.Route
	}
	return s.route
}

// facts are what the session knows that bears on where a statement goes. It
// has no server conn, so it is neither pinned nor in a transaction that a
// server runs.
func (s *Session) facts(set *Settings, route router.Route) router.Facts {
	f := router.Facts{
		Route: route, Role: s.wish.role, ReadsPrimary: !set.Reads.Split, InTx: s.tx.state == txBegun,
		DefaultReadOnly: s.wish.readOnly, Serializable: s.wish.isolation == "serializable",
	}
	if !f.InTx {
		return f
	}
	mode := s.tx.mode
	if mode == nil {
		mode = plainMode
	}
	if mode.role != "" {
		f.Role = mode.role
	}
	f.ReadOnlyTx = (mode.ReadOnly || f.DefaultReadOnly) && !mode.ReadWrite
	isolation := s.wish.isolation
	if mode.Isolation != "" {
		isolation = mode.Isolation
	}
	f.Serializable = isolation == "serializable"
	f.Split = set.Reads.Transactions && !f.ReadOnlyTx && (isolation == "" || isolation == "read committed" || isolation == "read uncommitted")
	return f
}

// plainMode is that of BEGIN alone.
var plainMode = new(txMode)

// reader picks the replica for the batch. nil: the primary serves it.
func (s *Session) reader(set *Settings) (*Reader, *pgerror.Error) {
	w := Want{Home: s.home, Floor: s.floor(set), Avoid: s.t.course.avoid, Key: s.ID}
	if set.Reads.Scope != ScopeOff {
		w.Seen = s.looked
	}
	r := s.servers.Reader(w)
	if r == nil {
		r = s.awaitReader(set, w)
	}
	if r == nil && set.Reads.NoFallback && s.t.course.reruns == 0 {
		return nil, errNoReplica
	}
	return r, nil
}

var errNoReplica = pgerror.New(pgerror.CannotConnectNow, "no replica can serve this read").
	WithHint("none is up and fresh enough, and split.fallback is none")

// catchUp is how long a read waits for the word that a replica has caught up
// with what the session saw on another server a moment ago, where it is known
// to show the session's own writes already. One question to the servers
// tells.
const catchUp = 5 * time.Millisecond

// awaitReader waits until a replica is fresh enough, where that is worth it.
func (s *Session) awaitReader(set *Settings, w Want) *Reader {
	wait := set.Reads.Wait
	if wait < catchUp && w.Seen > w.Floor && s.servers.Reader(Want{Floor: w.Floor, Avoid: w.Avoid, Key: w.Key}) != nil {
		wait = catchUp
	}
	if wait == 0 || !s.servers.Fresh(s.env.Registry.ctx, max(w.Floor, w.Seen), wait) {
		return nil
	}
	return s.servers.Reader(w)
}

// floor is the moment before which everything acknowledged must be visible.
func (s *Session) floor(set *Settings) (floor freshness.Instant) {
	v := s.t.course.verdict
	if set.Reads.Scope != ScopeOff {
		floor = s.wrote
	}
	switch {
	case set.Reads.Scope == ScopeDatabase, set.Reads.Scope == ScopeTable && (v == nil || v.TablesAny):
		floor = max(floor, s.servers.LastWrite(nil))
	case set.Reads.Scope == ScopeTable && len(v.Tables) > 0:
		floor = max(floor, s.servers.LastWrite(v.Tables))
	}
	staleness := set.Reads.MaxStaleness
	if v != nil && v.Hint.HasMaxStaleness {
		staleness = v.Hint.MaxStaleness
	}
	if staleness > 0 || v != nil && v.Hint.HasMaxStaleness {
		floor = max(floor, instant(now()).Add(-staleness))
	}
	return floor
}
