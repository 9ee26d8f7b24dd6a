package session

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// wyesOwn answers what is said to wye and not to a server: EXPLAIN ROUTE, and
// SHOW and SET wye.token.
func (s *Session) wyesOwn(read *sqlparse.Statement, sql []byte) (done bool, err error) {
	if read == nil || !s.t.queue.empty() || s.t.unsynced || s.servers == nil {
		return false, nil
	}
	switch read.Kind() {
	case sqlparse.KindExplain, sqlparse.KindUnknown:
		if rest, ok := sqlparse.ExplainRoute(sql); ok && !read.Parsed() {
			s.explainRoute(rest)
			return true, nil
		}
	case sqlparse.KindShow:
		if showsToken(sql) {
			return true, s.showToken()
		}
	case sqlparse.KindSet:
		if e := ownSet(read); e != nil && e.Name == tokenName {
			return true, s.setToken(e.Value)
		}
	}
	return false, nil
}

// ownRefusal refuses what can only be wrong: a role that does not exist, and
// in the extended protocol what is answered in the simple one only.
func ownRefusal(read *sqlparse.Statement, sql []byte, extended bool) *pgerror.Error {
	if e := ownSet(read); e != nil {
		switch {
		case e.Name == roleName && !validRole(e.Value):
			return pgerror.Newf(pgerror.InvalidParameterValue, "invalid value for parameter \"wye.role\": %q", e.Value).
				WithHint("Available values: auto, primary, replica.")
		case e.Name == cacheName && !validCache(e.Value):
			return pgerror.Newf(pgerror.InvalidParameterValue, "invalid value for parameter \"wye.cache\": %q", e.Value).
				WithHint("Available values: auto, off, or a duration such as 30s.")
		case e.Name == tokenName && extended:
			return errSimpleOnly
		}
	}
	if !extended {
		return nil
	}
	_, explains := sqlparse.ExplainRoute(sql)
	if explains && !read.Parsed() || read.Kind() == sqlparse.KindShow && showsToken(sql) {
		return errSimpleOnly
	}
	return nil
}

var errSimpleOnly = pgerror.New(pgerror.FeatureNotSupported, "EXPLAIN ROUTE, SHOW wye.token and SET wye.token are answered in the simple query protocol only").
	WithHint("send the statement without parameters, in the driver's simple protocol mode")

// The parameters that are wye's own.
const (
	tokenName = "wye.token"
	roleName  = "wye.role"
	cacheName = "wye.cache"
)

// ownSet returns the effect of a statement that is a SET of a parameter of
// wye's own, else nil.
func ownSet(read *sqlparse.Statement) *sqlparse.Effect {
	if read.Plain() || len(read.Parts) != 1 || len(read.Parts[0].Effects) != 1 {
		return nil
	}
	e := &read.Parts[0].Effects[0]
	if e.Kind != sqlparse.SetParam || e.ValueArg != 0 || !strings.HasPrefix(e.Name, "wye.") {
		return nil
	}
	return e
}

func validRole(role string) bool {
	switch strings.ToLower(role) {
	case "", "auto", "primary", "replica":
		return true
	}
	return false
}

func validCache(value string) bool {
	_, _, ok := readCache(value)
	return ok
}

// showsToken reports whether the text of a SHOW names wye.token.
func showsToken(sql []byte) bool {
	return bytes.Contains(bytes.ToLower(sql), []byte(tokenName))
}

// explainRoute says where the statement would go now, and why.
func (s *Session) explainRoute(sql []byte) {
	read := s.read(sql)
	set := s.settings.Load()
	f := s.facts(set, s.routeOf(set))
	if s.conn != nil {
		f.InTx, f.Started, f.OnReplica = s.inTransaction(), s.inTransaction(), s.replica != nil
		f.Pinned, f.TempObjects = s.pins != 0, s.pins.has(pinTemp)
	}
	var lines []string
	var p plan.Plan
	if s.shards == nil {
		p = s.servers.Router().Route(read, f)
	} else {
		pool, servers, at := s.pool, s.servers, s.shards.at
		defer func() { s.pool, s.servers, s.shards.at = pool, servers, at }()
		lines, p = s.explainShards(read, sql, f)
	}
	lines = append(lines, strings.Split(p.String(), "\n")...)
	if _, refused := p.(*plan.Reject); set.Keep != nil && (s.shards == nil || !refused) {
		from := s.fromHere()
		if _, one := p.(*plan.Direct); !one {
			from = EveryShard
		}
		lines = append(lines, s.explainKept(read, set.Keep, from))
	}
	if d, ok := p.(*plan.Direct); ok && d.Role == plan.Replica {
		lines = append(lines, s.explainReader(read, set))
	}
	b := protocol.AppendTextColumn(s.edit(), "ROUTE", lines...)
	s.edited(b)
	s.sayComplete("EXPLAIN")
}

// explainReader says which replica it would be at this moment.
func (s *Session) explainReader(read *sqlparse.Statement, set *Settings) string {
	switch {
	case s.replica != nil:
		return "server   " + s.replica.Host.Addr + ", which the transaction has"
	case !set.Reads.Replicas && s.routeOf(set) != router.RouteReplica:
		return "server   the primary: there are no replicas to read from"
	}
	kept := s.t.course
	s.t.course = course{verdict: s.servers.Router().Verdict(read)}
	floor := s.floor(set)
	w := Want{Home: s.home, Floor: floor, Key: s.ID}
	if set.Reads.Scope != ScopeOff {
		w.Seen = s.looked
	}
	r := s.servers.Reader(w)
	s.t.course = kept
	needs := ""
	if floor > 0 {
		needs = fmt.Sprintf(", which must show all of %v ago", floor.Age(instant(now())).Round(time.Millisecond))
	}
	if r == nil {
		return "server   the primary at this moment: no replica is up and fresh enough" + needs
	}
	return "server   " + r.Host.Addr + needs
}

// tokenTimeout bounds the question to the primary behind SHOW wye.token.
const tokenTimeout = 5 * time.Second

func (s *Session) showToken() error {
	ctx, stop := context.WithTimeout(s.env.Registry.ctx, tokenTimeout)
	defer stop()
	token, err := s.servers.Token(ctx, max(s.wrote, s.looked))
	if err != nil {
		return s.reject(asClientError(err), 'Q')
	}
	s.edited(protocol.AppendTextColumn(s.edit(), tokenName, token))
	s.sayComplete("SHOW")
	return nil
}

func (s *Session) setToken(text string) error {
	at, err := s.servers.AsOf(text)
	if err != nil {
		return s.reject(pgerror.New(pgerror.InvalidParameterValue, "invalid value for parameter \"wye.token\": "+strconv.Quote(text)).
			WithHint("a token is what SHOW wye.token gave, here or on another connection"), 'Q')
	}
	s.wrote, s.vouched = max(s.wrote, at), max(s.vouched, at)
	s.sayComplete("SET")
	return nil
}
