package rewrite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// parts are what random statements are made of: a FROM, expressions over it,
// and aggregates.
type parts struct {
	from        string
	expressions []string
	aggregates  []string
	where       []string
}

var (
	ofUsers = parts{
		expressions: []string{
			"u.user_id", "u.name", "u.email", "u.note", "u.city", "u.country", "u.score", "u.rating", "u.born", "u.active", "u.feel", "u.tags", "u.joined",
			"lower(u.name)", "u.score * 2", "coalesce(u.name, 'none')", "coalesce(u.note, u.name)", "u.user_id % 5", "u.name || u.note", "length(u.email)",
			"CASE WHEN u.active THEN 'y' ELSE 'n' END", "u.name::varchar(2)", "u.score::int", "u.doc->>'b'", "u.active IS NULL", "nullif(u.name, 'bob')",
			"u.note COLLATE \"C\"", "u.email || 'x'", "round(u.score)", "u.born + 1", "greatest(u.score, 50)", "5", "'lit'", "u.tags[1]", "date_trunc('month', u.joined)",
		},
		aggregates: []string{
			"count(*)", "count(u.name)", "sum(u.score)", "avg(u.score)", "min(u.name)", "max(u.note)", "max(u.email)", "min(u.city)", "bool_or(u.active)", "max(u.feel)",
			"stddev(u.score)", "var_pop(u.user_id)", "sum(u.user_id)", "avg(u.user_id)", "count(DISTINCT u.name)", "sum(DISTINCT u.score)", "avg(length(u.name))",
			"min(u.born)", "max(u.joined)", "sum(u.tags[1])", "count(*) FILTER (WHERE u.active)", "sum(u.score) FILTER (WHERE u.active)", "max(u.rating)",
			"string_agg(u.name, ',' ORDER BY u.user_id)", "count(DISTINCT lower(u.note)) FILTER (WHERE u.active)", "min(u.tags)", "max(u.country)",
			"stddev_pop(u.score) FILTER (WHERE u.score > 30)", "sum(length(u.note))", "every(u.active)", "max(coalesce(u.score, -1))", "array_agg(DISTINCT u.country)",
		},
		where: []string{"u.active", "u.user_id > 20", "u.score IS NOT NULL", "u.name < 'c'", "u.user_id < 0", "u.note LIKE '%a%'"},
	}
	ofOrders = parts{
		expressions: []string{
			"o.user_id", "o.id", "o.status", "o.amount", "o.price", "o.qty", "o.small", "o.big", "o.placed", "o.code", "o.raw", "o.paid", "o.qty + o.small",
			"o.amount * o.qty", "o.qty / 7", "o.qty % 3", "upper(o.status)", "-o.qty", "o.amount > 100", "coalesce(o.amount, 0)", "o.placed::date", "o.big::text",
		},
		aggregates: []string{
			"count(o.id)", "sum(o.qty)", "sum(o.small)", "sum(o.big)", "sum(o.amount)", "avg(o.qty)", "avg(o.small)", "avg(o.big)", "avg(o.amount)", "sum(o.price)",
			"avg(o.price)", "min(o.price)", "stddev(o.qty)", "variance(o.amount)", "var_pop(o.small)", "stddev_samp(o.big)", "bit_or(o.small)", "bit_xor(o.qty)",
			"sum(o.qty * o.small)", "sum(o.amount * o.qty)", "sum(CASE WHEN o.paid THEN 1 ELSE 0 END)", "max(o.placed)", "max(o.code::text)", "count(DISTINCT o.qty)",
			"sum(DISTINCT o.small)", "sum(coalesce(o.amount, 0))", "avg(o.amount) FILTER (WHERE o.paid)", "sum(o.took)", "max(o.status)", "bool_and(o.paid)",
			"stddev_pop(o.price)", "sum(abs(o.qty))", "mode() WITHIN GROUP (ORDER BY o.qty)", "sum(o.weight)", "min(o.amount - o.qty)",
		},
		where: []string{"o.qty > 0", "o.paid", "o.status <> 'new'", "o.amount BETWEEN 100 AND 700", "o.user_id IN (3, 4, 5, 7)"},
	}
	ofCountries = parts{expressions: []string{"c.title", "c.region", "c.code"}, aggregates: []string{"max(c.title)", "count(c.region)"}, where: []string{"c.region IS NOT NULL"}}
)

func joinParts(from string, all ...parts) parts {
	out := parts{from: from}
	for _, p := range all {
		out.expressions = append(out.expressions, p.expressions...)
		out.aggregates = append(out.aggregates, p.aggregates...)
		out.where = append(out.where, p.where...)
	}
	return out
}

var froms = []parts{
	joinParts("users u", ofUsers),
	joinParts("orders o", ofOrders),
	joinParts("users u JOIN orders o ON u.user_id = o.user_id", ofUsers, ofOrders),
	joinParts("users u LEFT JOIN orders o USING (user_id)", ofUsers, ofOrders),
	joinParts("users u LEFT JOIN countries c ON c.code = u.country", ofUsers, ofCountries),
	joinParts("orders o JOIN users u USING (user_id) JOIN countries c ON c.code = u.country", ofUsers, ofOrders, ofCountries),
	joinParts("(SELECT user_id, name, note, score, email, active FROM users WHERE user_id % 2 = 0) u", parts{
		expressions: []string{"u.user_id", "u.name", "u.note", "u.email", "u.score", "u.active", "lower(u.name)"},
		aggregates:  []string{"count(*)", "sum(u.score)", "max(u.email)", "avg(u.score)", "count(DISTINCT u.name)"},
		where:       []string{"u.active"},
	}),
	joinParts("(SELECT user_id, count(*) AS n, sum(qty) AS s, max(status) AS m, avg(amount) AS a FROM orders GROUP BY user_id) x", parts{
		expressions: []string{"x.user_id", "x.n", "x.s", "x.m", "x.a", "x.n + x.s"},
		aggregates:  []string{"count(*)", "sum(x.n)", "avg(x.s)", "max(x.m)", "sum(x.a)", "stddev(x.n)"},
		where:       []string{"x.n > 3"},
	}),
}

type generator struct{ *rand.Rand }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g generator) some(list []string, low, high int) []string {
	out := []string{}
	for range low + g.IntN(high-low+1) {
		out = append(out, list[g.IntN(len(list))])
	}
	return out
}

// statement makes a case whose answer is the same however rows are stored.
func (g generator) statement() shapeCase {
	p := froms[g.IntN(len(froms))]
	var targets, groups, having []string
	grouped := g.chance(55)
	distinct := g.chance(15)
	if grouped {
		groups = g.some(p.expressions, 0, 2)
		for _, e := range groups {
			if g.chance(80) {
				targets = append(targets, e)
			}
		}
		targets = append(targets, g.some(p.aggregates, 1, 3)...)
		if g.chance(20) {
			if a := g.some(p.aggregates, 1, 1)[0]; !strings.Contains(a, "weight") {
				targets = append(targets, "coalesce("+a+"::text, 'nil') || '!'")
			}
		}
		if g.chance(20) {
			having = []string{"count(*) > " + strconv.Itoa(g.IntN(6))}
		}
	} else {
		targets = g.some(p.expressions, 1, 4)
		if g.chance(10) {
			targets = append(targets, "count(*) OVER (PARTITION BY "+p.expressions[0]+")")
		}
		if g.chance(5) {
			targets = append(targets, "rank() OVER (ORDER BY "+p.expressions[g.IntN(5)]+")")
		}
	}
	if g.chance(15) {
		i := g.IntN(len(targets))
		targets[i] += " AS " + []string{"k", "status", "name"}[g.IntN(3)]
	}
	sql := "SELECT "
	if distinct {
		sql += "DISTINCT "
	}
	sql += strings.Join(targets, ", ") + " FROM " + p.from
	if g.chance(40) {
		sql += " WHERE " + strings.Join(g.some(p.where, 1, 2), " AND ")
	}
	var by []string
	for _, e := range groups {
		by = append(by, strings.TrimSpace(e))
	}
	if len(by) > 0 {
		sql += " GROUP BY " + strings.Join(by, ", ")
	}
	if len(having) > 0 {
		sql += " HAVING " + having[0]
	}
	c := shapeCase{}
	sql, c.ordered = g.tail(sql, p, targets, grouped, distinct)
	c.sql = sql
	c.loose = strings.Contains(sql, "o.price") || strings.Contains(sql, "greatest")
	c.float = strings.Contains(sql, "rating") || strings.Contains(sql, "weight")
	return c
}

// tail adds ORDER BY, and LIMIT where the order is total.
func (g generator) tail(sql string, p parts, targets []string, grouped, distinct bool) (string, bool) {
	if !g.chance(60) {
		return sql, false
	}
	var order []string
	if !grouped && !distinct && g.chance(50) {
		order = g.some(p.expressions, 1, 1)
		if order[0] == "5" || order[0] == "'lit'" {
			order = nil
		}
	}
	for _, i := range g.Perm(len(targets)) {
		order = append(order, strconv.Itoa(i+1)+[]string{"", " DESC", " NULLS FIRST", " DESC NULLS LAST"}[g.IntN(4)])
	}
	sql += " ORDER BY " + strings.Join(order, ", ")
	// Equal values that look different make the order of rows chance.
	total := !strings.Contains(sql, "o.price") && !strings.Contains(sql, "rating") && !strings.Contains(sql, "took") && !strings.Contains(sql, "weight") && !strings.Contains(sql, "greatest")
	if total && g.chance(50) {
		sql += fmt.Sprintf(" LIMIT %d", g.IntN(12))
		if g.chance(40) {
			sql += fmt.Sprintf(" OFFSET %d", g.IntN(9))
		}
	}
	return sql, total
}

// TestRandomOnServer compares random statements. WYE_RANDOM is how many, and
// WYE_SEED where they begin.
func TestRandomOnServer(t *testing.T) {
	n, seed := 150, 1
	if v, err := strconv.Atoi(os.Getenv("WYE_RANDOM")); err == nil {
		n = v
	}
	if v, err := strconv.Atoi(os.Getenv("WYE_SEED")); err == nil {
		seed = v
	}
	f := newFleet(t)
	g := generator{rand.New(rand.NewPCG(uint64(seed), 0))}
	counts := map[string]int{}
	for range n {
		c := g.statement()
		counts[f.oneRandom(c)]++
		if counts["wrong"] > 10 {
			break
		}
	}
	t.Logf("%v", counts)
	if counts["equal"] < n/2 {
		t.Errorf("only %d of %d were compared", counts["equal"], n)
	}
}

func (f *fleet) oneRandom(c shapeCase) string {
	want, oids, direct := f.directly(c)
	r, no := planOf(f.t, c)
	if no != nil {
		return "refused"
	}
	got, err := f.cut(c, r, oids)
	var pg *pgconn.PgError
	switch {
	case direct != nil && err == nil:
		f.t.Errorf("directly: %v, but the plan has an answer\n%s\n%s", direct, c.sql, printPlan(r, nil))
		return "wrong"
	case direct != nil:
		return "error"
	case err != nil && !errors.As(err, &pg) && strings.Contains(err.Error(), "no array type"):
		return "refused late"
	case err != nil:
		f.t.Errorf("%v\n%s\n%s", err, c.sql, printPlan(r, nil))
		return "wrong"
	}
	if diff := compare(c, got, want); diff != "" {
		f.t.Errorf("%s\n%s\n%s", diff, c.sql, printPlan(r, nil))
		return "wrong"
	}
	return "equal"
}
