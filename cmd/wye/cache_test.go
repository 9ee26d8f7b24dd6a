package main

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// hot keeps answers about table hot for long enough that a test cannot miss a
// stale one.
const hot = `cache: {rules: {hot: {tables: [hot, hot_view], ttl: 1h}}}`

// cacheRig has a table that is kept, and one that is not. behind changes them
// without wye: an answer that shows no such change came from memory.
func cacheRig(t *testing.T, replicas int, cluster string) (rig drillRig, conn *pgconn.PgConn, behind func(sql string)) {
	t.Helper()
	rig = startDrill(t, replicas, cluster)
	behind = func(sql string) {
		t.Helper()
		if err := rig.Primary.Exec(soon(t, time.Minute), sql); err != nil {
			t.Fatal(err)
		}
	}
	behind(`create table hot (id int primary key, v text, at timestamptz default '2026-01-01 12:00+00'); insert into hot values (1, 'one'), (2, 'two');
		create table cold (id int primary key, v text); insert into cold values (1, 'one');
		create view hot_view as select id, v from hot; create table child (id int primary key, hot int references hot on delete cascade);
		grant all on hot, cold, hot_view, child to public; grant create on schema public to public`)
	conn = connect(t, rig.url)
	eventually(t, "wye knows the catalog", func() bool {
		must(t, conn, "select v from hot where id = -1")
		return strings.Contains(explained(t, conn, "select v from hot where id = 1"), "cache    rule hot, for ")
	})
	return rig, conn, behind
}

// extended asks in the extended protocol, with a named statement if it has a
// name.
func extended(t testing.TB, conn *pgconn.PgConn, name, sql string, args ...string) string {
	t.Helper()
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	var res *pgconn.Result
	if name == "" {
		res = conn.ExecParams(soon(t, generous), sql, values, nil, nil, nil).Read()
	} else {
		res = conn.ExecPrepared(soon(t, generous), name, values, nil, nil).Read()
	}
	if res.Err != nil {
		t.Fatalf("%s: %v", sql, res.Err)
	}
	if len(res.Rows) == 0 {
		return ""
	}
	return string(res.Rows[0][0])
}

func TestKeptAnswers(t *testing.T) {
	t.Parallel()
	_, conn, behind := cacheRig(t, 0, hot)
	one, none, table := "select v from hot where id = 1", "select v from hot where id = 99", "select v from cold where id = 1"
	if _, err := conn.Prepare(soon(t, time.Minute), "p", "select v from hot where id = $1", nil); err != nil {
		t.Fatal(err)
	}
	ask := map[string]func() string{
		"simple":   func() string { return must(t, conn, one) },
		"unnamed":  func() string { return extended(t, conn, "", "select v from hot where id = $1", "1") },
		"named":    func() string { return extended(t, conn, "p", "select v from hot where id = $1", "1") },
		"the view": func() string { return must(t, conn, "select v from hot_view where id = 1") },
	}
	wants := func(when, want string) {
		t.Helper()
		for how, f := range ask {
			if got := f(); got != want {
				t.Errorf("%s, %s: got %q, want %q", when, how, got, want)
			}
		}
	}
	wants("at first", "one")
	if got := must(t, conn, none); got != "" {
		t.Errorf("no rows: %q", got)
	}
	must(t, conn, table)
	behind("update hot set v = 'changed' where id = 1; update cold set v = 'changed'; insert into hot values (99, 'new')")
	wants("changed elsewhere, within the ttl", "one")
	if got := must(t, conn, none); got != "" {
		t.Errorf("no rows are an answer too: %q", got)
	}
	if got := must(t, conn, table); got != "changed" {
		t.Errorf("a table without a rule: %q", got)
	}
	other := connect(t, dsnOf(strings.TrimPrefix(portAddr(t, conn), ""), "app", "app"))
	if got := must(t, other, one); got != "one" {
		t.Errorf("another client: %q", got)
	}
	must(t, other, "update hot set v = 'again' where id = 1")
	wants("changed through wye", "again")
	wants("and kept anew", "again")
}

// portAddr is where the client is connected to.
func portAddr(t testing.TB, conn *pgconn.PgConn) string {
	t.Helper()
	return conn.Conn().RemoteAddr().String()
}

// TestWritesReachTheCache: whatever writes to a table, and by whatever way,
// ends what is kept of it.
func TestWritesReachTheCache(t *testing.T) {
	t.Parallel()
	_, conn, behind := cacheRig(t, 0, hot)
	behind(`create function touch() returns void language sql as $$update hot set v = v || '!'$$;
		create table source (id int); create function follow() returns trigger language plpgsql as $$begin update hot set v = v || '+'; return null; end$$;
		create trigger follow after insert on source for each row execute function follow(); grant all on source to public;
		alter table hot owner to app; alter table child owner to app`)
	writer := connect(t, dsnOf(portAddr(t, conn), "app", "app"))
	read := "select string_agg(v, ',' order by id) || count(*) from hot"
	for _, w := range [][]string{
		{"insert into hot values (10, 'ten')"}, {"update hot set v = 'x' where id = 10"}, {"delete from hot where id = 10"},
		{"select touch()"}, {"insert into source values (1)"}, {"do $$begin perform touch(); end$$"},
		{"with w as (update hot set v = 'cte' where id = 1 returning 1) select * from w"},
		{"begin", "update hot set v = 'tx' where id = 1", "commit"}, {"begin", "savepoint a", "update hot set v = 'sp' where id = 1", "commit"},
		{"update hot set v = 'multi' where id = 1; select 1"}, {"merge into hot using (values (1)) s(i) on id = s.i when matched then update set v = 'merged'"},
		{"prepare w as update hot set v = 'prepared' where id = 1", "execute w"},
		{"alter table hot alter v set default 'x'", "insert into hot (id) values (11)"},
		{"truncate hot cascade"}, {"insert into hot values (1, 'back')"},
	} {
		before := must(t, conn, read)
		if again := must(t, conn, read); again != before {
			t.Errorf("%q, then %q", before, again)
		}
		for _, sql := range w {
			must(t, writer, sql)
		}
		now := must(t, writer, "/* wye: cache=off */ "+read)
		if got := must(t, conn, read); got != now || got == before {
			t.Errorf("after %q: got %q, want %q; before %q", w, got, now, before)
		}
	}
}

// TestManyAskAtOnce: however many want an answer that is not kept yet, the
// server is asked once.
func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	rig, conn, behind := cacheRig(t, 0, `pool: {size: 20}, cache: {wait: 20s, rules: {hot: {tables: [hot], ttl: 1h}}}`)
	behind("insert into hot select i, repeat('x', 100) from generate_series(1000, 200000) i; alter table hot set (parallel_workers = 0)")
	clients := make([]*pgconn.PgConn, 500)
	for i := range clients {
		clients[i] = connect(t, rig.url)
	}
	must(t, conn, "insert into hot values (500, 'moves the clock')")
	slow := "select count(*) || '' from hot a where v like '%y%' or v like '%z%' or v like '%xx'"
	scans := "select seq_scan + coalesce((select sum(idx_scan) from pg_stat_user_indexes where relname = 'hot'), 0) from pg_stat_user_tables where relname = 'hot'"
	count := func() string {
		n, err := rig.Primary.Value(soon(t, time.Minute), scans)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := ""
	eventually(t, "the counts stand still", func() bool {
		time.Sleep(1100 * time.Millisecond) // PGSTAT_MIN_INTERVAL
		last := before
		before = count()
		return last == before
	})
	var asked sync.WaitGroup
	start := make(chan struct{})
	for _, c := range clients {
		asked.Go(func() {
			<-start
			if rows, err := run(c, slow); err != nil || len(rows) != 1 || rows[0][0] != "199001" {
				t.Errorf("%v, %v", rows, err)
			}
		})
	}
	close(start)
	asked.Wait()
	after := before
	eventually(t, "the scan is counted", func() bool { after = count(); return after != before })
	time.Sleep(1100 * time.Millisecond)
	after = count()
	b, _ := strconv.ParseFloat(before, 64)
	a, _ := strconv.ParseFloat(after, 64)
	if a-b != 1 {
		t.Errorf("500 clients caused %v scans", a-b)
	}
}

// TestCacheOnTheConsole: what is kept is shown and can be forgotten.
func TestCacheOnTheConsole(t *testing.T) {
	t.Parallel()
	rig, conn, behind := cacheRig(t, 0, hot)
	console := connect(t, dsnOf(rig.addr, "ops", "pgbouncer"))
	one := "select v from hot where id = 1"
	must(t, conn, one)
	must(t, conn, one)
	rows, err := run(console, "show cache where rule = 'hot'")
	if err != nil || len(rows) != 1 || rows[0][3] == "0" {
		t.Fatalf("%v, %v", rows, err)
	}
	behind("update hot set v = 'changed' where id = 1")
	must(t, console, "flush cache cold")
	if got := must(t, conn, one); got != "one" {
		t.Errorf("another table was flushed: %q", got)
	}
	must(t, console, "flush cache hot")
	if got := must(t, conn, one); got != "changed" {
		t.Errorf("after the flush: %q", got)
	}
	rows, err = run(console, "show cache_tables")
	if err != nil || len(rows) != 1 || rows[0][1] != "hot" || rows[0][2] != "1" {
		t.Errorf("%v, %v", rows, err)
	}
}
