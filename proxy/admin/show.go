package admin

import (
	"context"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/stats"
)

// help is PgBouncer's list in its form, with what wye adds and without what it
// cannot do.
const help = `
	SHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION
	SHOW PEERS|PEER_POOLS
	SHOW FDS|SOCKETS|ACTIVE_SOCKETS|LISTS|MEM|STATE
	SHOW DNS_HOSTS|DNS_ZONES
	SHOW STATS|STATS_TOTALS|STATS_AVERAGES|TOTALS
	SHOW HOSTS|CLUSTERS|MISROUTES
	SHOW SHARDS|IN_DOUBT|DRIFT
	SHOW CACHE|CACHE_TABLES
	SHOW POOL_SERVERS|POOL_QUEUES|HTTP_CACHE
	SHOW PINS|PINNED_CLIENTS|LISTENERS
	SHOW <view> [WHERE <column> = 'value' [AND ...]] [ORDER BY <column> [DESC]] [LIMIT n]
	RELOAD
	PAUSE [<db>]
	RESUME [<db>]
	DISABLE <db>
	ENABLE <db>
	RECONNECT [<db>]
	FLUSH CACHE [<table>]
	PURGE HTTP_CACHE [ROUTE [<listener>/]<route>|HOST <host>|URL '<prefix>']
	KILL [<db>]
	KILL_CLIENT <client_id>
	SUSPEND
	SWITCHOVER [<db> [<node>]]
	DRAIN|READY|MAINT <pool>/<server>
	SHUTDOWN
	SHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS
	WAIT_CLOSE [<db>]`

func parseShow(_ *session, a *args) (*plan, error) {
	if len(a.rest) == 0 || a.take("help") {
		return showHelp(), nil
	}
	if p, ok := showView(a); ok {
		return p, a.clauses(p)
	}
	if p, ok := showParam(a); ok {
		return p, nil
	}
	return nil, syntaxAt(a.query, a.rest[0].pos, `unknown console view or parameter "`+shorten(a.rest[0].text)+`"`)
}

// showView takes the name of a view.
func showView(a *args) (*plan, bool) {
	if a.rest[0].kind != word {
		return nil, false
	}
	v, ok := stats.LookupView(a.rest[0].text)
	if !ok {
		return nil, false
	}
	a.rest = a.rest[1:]
	return &plan{columns: v.Columns, run: func(_ context.Context, s *session) (answer, error) {
		return answer{rows: v.Table(s.control.Snapshot()).Rows, tag: "SHOW"}, nil
	}}, true
}

// showHelp answers as PgBouncer does: a notice and no rows.
func showHelp() *plan {
	notice := pgerror.New("00000", "Console usage").WithDetail(help)
	notice.Severity = pgerror.SeverityNotice
	return &plan{run: func(context.Context, *session) (answer, error) {
		return answer{tag: "SHOW", notice: notice}, nil
	}}
}

// showParam answers SHOW of a parameter that drivers ask for.
func showParam(a *args) (*plan, bool) {
	var words []string
	for _, t := range a.rest {
		words = append(words, t.text)
	}
	p, ok := lookupParam(strings.Join(words, " "))
	if !ok {
		return nil, false
	}
	a.rest = nil
	return oneValue(p.name, stats.Text, "SHOW", func(*session) string { return p.value }), true
}

// oneValue is a result of one row and one column.
func oneValue(name string, typ stats.Type, tag string, value func(*session) string) *plan {
	return &plan{
		columns: []stats.Column{{Name: name, Type: typ}},
		run: func(_ context.Context, s *session) (answer, error) {
			return answer{rows: [][]stats.Cell{{{Text: value(s)}}}, tag: tag}, nil
		},
	}
}
