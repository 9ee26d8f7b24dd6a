package shardplan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// TestOracle asks one PostgreSQL with all rows, and four databases that have
// a shard's rows each: what a plan sends to one shard, or to several without a
// merge, must find the same rows.
func TestOracle(t *testing.T) {
	o := newOracle(t)
	for _, file := range []string{"keys.txt", "classes.txt", "reads.txt", "subplans.txt", "gather.txt"} {
		text, err := os.ReadFile(filepath.Join(plantest.Dir(), "shards", file))
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "\n\n") {
			options, rest, _ := strings.Cut(block, "\n")
			if options == "plan" || options == "plan gather" {
				sql, _, _ := strings.Cut(rest, "\n----")
				o.compare(sql)
			}
		}
	}
	g := &generator{rand.New(rand.NewPCG(1, 2))}
	n := 400
	if more := os.Getenv("WYE_ORACLE"); more != "" {
		n, _ = strconv.Atoi(more)
		g.Rand = rand.New(rand.NewPCG(uint64(n), 7))
	}
	for range n {
		o.compare(g.query())
	}
	t.Logf("direct %d, scattered %d, refused %d, errors %d", o.direct, o.scattered, o.refused, o.failed)
	if o.direct < n/20 || o.scattered < n/20 {
		t.Error("hardly any statement was compared")
	}
}

type oracle struct {
	t       *testing.T
	planner *Planner
	one     *pgconn.PgConn
	shards  []*pgconn.PgConn

	mood uint32

	direct, scattered, refused, failed int
}

func newOracle(t *testing.T) *oracle {
	cluster := testpg.Start(t, testpg.Options{Name: "oracle"})
	o := &oracle{t: t, planner: fixture(t)}
	schema, err := os.ReadFile(filepath.Join(plantest.Dir(), "shards", "schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "s0", "s1", "s2", "s3"} {
		if err := cluster.Primary.Exec(t.Context(), "create database "+name); err != nil {
			t.Fatal(err)
		}
		conn, err := pgconn.Connect(t.Context(), cluster.Primary.SuperuserURL(name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		o.shards = append(o.shards, conn)
		o.run(conn, string(schema)+"; set session_replication_role = replica; set statement_timeout = '5s'")
	}
	o.one, o.shards = o.shards[0], o.shards[1:]
	o.fill()
	found, err := o.ask(o.shards[2], "select typarray from pg_type where typname = 'mood'", nil)
	if err != nil {
		t.Fatal(err)
	}
	mood, _ := strconv.Atoi(string(found.rows[0][0]))
	o.mood = uint32(mood) //nolint:gosec // an oid
	return o
}

func (o *oracle) run(conn *pgconn.PgConn, sql string) {
	o.t.Helper()
	if _, err := conn.Exec(o.t.Context(), sql).ReadAll(); err != nil {
		o.t.Fatalf("%s: %v", sql, err)
	}
}

// put inserts a row everywhere, or where its key says.
func (o *oracle) put(table, values string, key ...shardfunc.Value) {
	sql := "insert into " + table + " values (" + values + ")"
	o.run(o.one, sql)
	tab := o.planner.shardMap.Table("public", strings.Fields(table)[0])
	for i, conn := range o.shards {
		if tab.Kind == 0 {
			at, err := o.planner.shardMap.Locate(tab, key)
			if err != nil {
				o.t.Fatal(sql, err)
			}
			if at != i {
				continue
			}
		} else if tab.Kind == 2 && tab.Home != i {
			continue
		}
		o.run(conn, sql)
	}
}

func (o *oracle) fill() {
	for i := range 5 {
		o.put("countries", fmt.Sprintf("'c%d', 'n%d', '2024-01-01', %v", i, i%3, i%2 == 0))
		o.put("rates", fmt.Sprintf("%d, 'c%d', %d.5", i, i%4, i))
	}
	o.put("settings", "'x', 'y'")
	for i := range 24 {
		id := shardfunc.Int(int64(i))
		if i%5 != 4 {
			o.put("users (id, name, country, age, score, created_at, active, born)", fmt.Sprintf("%d, 'n%d', 'c%d', %d, %d.5, '2024-01-01', %v, '2024-0%d-01'", i, i%7, i%6, i%9, i%4, i%2 == 0, 1+i%9), id)
		}
		for j := range i % 4 {
			o.put("orders (user_id, id, total, status, country, placed_at)", fmt.Sprintf("%d, %d, %d, 's%d', 'c%d', '2024-01-01'", i, j, i*j, j%2, j%5), id)
			o.put("items (user_id, order_id, n, qty)", fmt.Sprintf("%d, %d, %d, %d", i, j, j, i+j), id)
		}
		if i%3 != 0 {
			o.put("profiles", fmt.Sprintf("%d, 'b%d', 'k%d'", i, i%4, i%2), id)
		}
		o.put("pgbench_accounts", fmt.Sprintf("%d, %d, %d, ''", i, i%3, i), id)
		tenant := string(rune('a' + i%2))
		o.put("pairs", fmt.Sprintf("'%s', %d, 'v%d'", tenant, i/2%6+i/12*6, i), shardfunc.String(shardfunc.Text, tenant), shardfunc.Int(int64(i/2%6+i/12*6)))
	}
}

func (o *oracle) compare(sql string) {
	o.t.Helper()
	if os.Getenv("WYE_ORACLE_LOG") != "" {
		fmt.Println(sql)
	}
	p := o.planner.Analyze(sql, []string{"public"}).Plan(nil, Options{Gather: true})
	if _, no := p.(*plan.Reject); no {
		o.refused++
		return
	}
	want, err := o.rows(o.one, sql, nil, 0)
	if err != nil || anyRows(sql) {
		o.failed++
		return
	}
	switch p := p.(type) {
	case *plan.Direct:
		o.direct++
		for i, conn := range o.shards {
			if i != p.Shard && !p.AnyShard {
				continue
			}
			if got, err := o.rows(conn, sql, nil, 0); err != nil || !slices.Equal(got, want) {
				o.t.Errorf("%s\nshard %d of %s: %v\n got %v\nwant %v", sql, i, describe(p), err, got, want)
			}
		}
	case *plan.Scatter:
		o.scattered++
		if p.Merge != nil && (p.Merge.Limit.Set || p.Merge.Offset.Set) {
			return // which rows is for the merge to say
		}
		got, err := o.scatter(p)
		if err != nil || !slices.Equal(text(got, 0), want) {
			o.t.Errorf("%s\n%s: %v\n got %v\nwant %v", sql, p, err, text(got, 0), want)
		}
	}
}

// anyRows: another answer may be as right.
func anyRows(sql string) bool {
	for _, what := range []string{"random()", "now()", "limit 3", "limit 5", "limit 10", "distinct on (country)", "row_number() over (order by age)"} {
		if strings.Contains(sql, what) {
			return true
		}
	}
	return false
}

// answer is what came of a query, unsorted.
type answer struct {
	mood uint32 // the array type of mood, where legs are combined
	oids []uint32
	rows [][][]byte
}

// scatter runs a plan: parts, legs, and what puts them together.
func (o *oracle) scatter(p *plan.Scatter) (out answer, err error) {
	var subs []bound1
	for _, s := range p.Subs {
		found, err := o.scatter(s.Plan)
		if err != nil {
			return answer{}, err
		}
		subs = append(subs, found.value(s.Kind))
	}
	var params []bound1
	var last answer
	for _, l := range p.Legs {
		var args []bound1
		for _, n := range l.Subs {
			args = append(args, subs[n])
		}
		all := answer{mood: o.mood}
		for i := range l.Shards.Each {
			var formats []int16
			if p.Fold != nil {
				formats = plantest.FoldFormats(&p.Fold.Spec)
			}
			part, err := o.ask(o.shards[i], l.SQL, args, formats...)
			if err != nil {
				return answer{}, fmt.Errorf("%s: %w", l.SQL, err)
			}
			all.oids, all.rows = part.oids, append(all.rows, part.rows...)
		}
		for c := range all.oids {
			params = append(params, all.array(c))
		}
		last = all
	}
	if p.Fold != nil {
		oids := []uint32{}
		for _, out := range p.Fold.Outputs[:len(p.Fold.Outputs)-p.Fold.Hidden] {
			oids = append(oids, out.Type)
		}
		last.oids = oids
		last.rows, err = plantest.Fold(&p.Fold.Spec, last.rows)
		return last, err
	}
	if p.Combine != nil {
		return o.ask(o.shards[2], p.Combine.SQL, params)
	}
	last.oids = last.oids[:len(last.oids)-p.Merge.Hidden]
	return last, nil
}

// bound1 is a parameter as text.
type bound1 struct {
	oid   uint32
	value []byte
}

func (a answer) value(kind plan.SubKind) bound1 {
	switch {
	case kind == plan.SubExists:
		return bound1{16, []byte(strconv.FormatBool(len(a.rows) > 0))}
	case kind == plan.SubArray:
		return a.array(0)
	case len(a.rows) == 0:
		return bound1{a.oids[0], nil}
	}
	return bound1{a.oids[0], a.rows[0][0]}
}

func (a answer) array(c int) bound1 {
	var items []string
	for _, row := range a.rows {
		item := "NULL"
		if row[c] != nil {
			item = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(row[c])) + `"`
		}
		items = append(items, item)
	}
	own := a.mood // the only type of the database's own
	if t := (*catalog.Snapshot)(nil).TypeOID(a.oids[c]); t != nil {
		own = t.Array
	}
	return bound1{own, []byte("{" + strings.Join(items, ",") + "}")}
}

func (o *oracle) ask(conn *pgconn.PgConn, sql string, args []bound1, formats ...int16) (answer, error) {
	var values [][]byte
	var oids []uint32
	for _, a := range args {
		values, oids = append(values, a.value), append(oids, a.oid)
	}
	reader := conn.ExecParams(o.t.Context(), sql, values, oids, nil, formats)
	r := reader.Read()
	a := answer{rows: r.Rows}
	for _, f := range reader.FieldDescriptions() {
		a.oids = append(a.oids, f.DataTypeOID)
	}
	return a, r.Err
}

// rows are the rows of sql as text, sorted.
func (o *oracle) rows(conn *pgconn.PgConn, sql string, args []bound1, hidden int) (out []string, err error) {
	a, err := o.ask(conn, sql, args)
	return text(a, hidden), err
}

func text(a answer, hidden int) (out []string) {
	for _, row := range a.rows {
		var b strings.Builder
		for _, cell := range row[:len(a.oids)-hidden] {
			if cell == nil {
				b.WriteString("|NULL")
			} else {
				b.WriteString("|" + string(cell))
			}
		}
		out = append(out, b.String())
	}
	slices.Sort(out)
	return out
}

// generator makes SELECTs of what moves keys about: joins, conditions,
// sub-selects.
type generator struct{ *rand.Rand }

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g *generator) query() string {
	switch g.IntN(12) {
	case 0:
		return g.simple("x") + g.pick(" union all ", " union all ", " union ", " except ", " intersect ") + g.simple("y")
	case 1:
		return "with w as (" + g.simple("x") + ") select * from w" + g.pick(" where k = "+g.number(), "", ", w v where v.k = w.k", " join users q on q.id = w.k", ", w v where w.k = "+g.number()+" and v.k = w.k")
	case 2:
		return "select * from (" + g.simple("x") + g.pick("", "", " limit 100", " offset 0") + ") d" + g.pick(" where k = "+g.number(), " left join orders o on o.user_id = d.k", " join orders o on o.user_id = d.k where d.k = "+g.number(), " right join users u on u.id = d.k where u.id = "+g.number())
	}
	from, names := g.from()
	return "select * from " + from + " where " + g.condition(names, 2)
}

func (g *generator) number() string { return strconv.Itoa(g.IntN(24)) }

// table is a table, its key and another number of its.
func (g *generator) table() (name, key, other string) {
	switch g.IntN(7) {
	case 0, 1:
		return "users", "id", "age"
	case 2, 3:
		return "orders", "user_id", "id"
	case 4:
		return "profiles", "user_id", "user_id"
	case 5:
		return "pgbench_accounts", "aid", "bid"
	}
	return "rates", "id", "id"
}

type named struct{ alias, key, other string }

func (g *generator) from() (string, []named) {
	n := 1 + g.IntN(3)
	var list []named
	out := ""
	for i := range n {
		table, key, other := g.table()
		one := named{string(rune('a' + i)), key, other}
		if g.IntN(8) == 0 {
			table = "(select * from " + table + g.pick("", " where "+key+" = "+g.number(), " where "+other+" < 5") + ")"
		}
		list = append(list, one)
		switch {
		case i == 0:
			out = table + " " + one.alias
		case g.IntN(4) == 0:
			out += " cross join " + table + " " + one.alias
		default:
			on := g.link(list[g.IntN(i)], one)
			if g.IntN(3) == 0 {
				on += " and " + g.condition(list, 1)
			}
			join := g.pick(" join ", " left join ", " left join ", " right join ", " full join ")
			if strings.Contains(join, "full") {
				on = g.link(list[g.IntN(i)], one)
			}
			out += join + table + " " + one.alias + " on " + on
		}
	}
	return out, list
}

func (g *generator) link(a, b named) string {
	if g.IntN(3) == 0 {
		return a.alias + "." + a.other + " = " + b.alias + "." + b.key
	}
	return a.alias + "." + a.key + " = " + b.alias + "." + b.key
}

func (g *generator) condition(names []named, depth int) string {
	x, y := names[g.IntN(len(names))], names[g.IntN(len(names))]
	key := x.alias + "." + x.key
	switch g.IntN(20) {
	case 0, 1, 2, 3:
		return key + " = " + g.number()
	case 4:
		return key + " in (" + g.number() + ", " + g.number() + ")"
	case 5:
		return g.link(x, y)
	case 6:
		return x.alias + "." + x.other + " < 6"
	case 7, 18, 19:
		return key + g.pick(" is null", " is null", " is not null", " is not distinct from "+g.number(), " is not distinct from null", " <> "+g.number())
	case 8:
		return "not (" + g.condition(names, depth-1) + ")"
	case 9, 10:
		if depth > 0 {
			return "(" + g.condition(names, depth-1) + " or " + g.condition(names, depth-1) + ")"
		}
	case 11, 12, 13:
		if depth > 0 {
			return g.condition(names, depth-1) + " and " + g.condition(names, depth-1)
		}
	case 14, 15:
		table, k, other := g.table()
		inner := named{"z", k, other}
		return g.pick("", "not ") + "exists (select 1 from " + table + " z where " + g.link(x, inner) + g.pick("", " and z."+k+" = "+g.number(), " and "+g.condition(names, 0)) + ")"
	case 16:
		table, k, _ := g.table()
		return key + g.pick(" in", " not in") + " (select " + k + " from " + table + g.pick("", " where "+k+" < 9", " limit 100") + ")"
	case 17:
		return g.pick("false", "1 = 0", "null", "true")
	}
	return key + " = " + g.number()
}

// simple is a SELECT of one or two columns, the first of which is k.
func (g *generator) simple(alias string) string {
	table, key, other := g.table()
	where := g.pick("", " where "+alias+"."+key+" = "+g.number(), " where "+alias+"."+other+" < 7")
	switch g.IntN(4) {
	case 0:
		return "select " + g.pick("distinct ", "distinct on ("+alias+"."+key+") ") + alias + "." + key + " as k from " + table + " " + alias + where
	case 1:
		by := g.pick(key, other)
		return "select " + alias + "." + by + " as k from " + table + " " + alias + where + " group by " + alias + "." + by
	case 2:
		return "select " + g.pick("max", "min") + "(" + alias + "." + key + ") as k from " + table + " " + alias + where
	}
	return "select " + alias + "." + g.pick(key, key, other) + " as k from " + table + " " + alias + where
}
