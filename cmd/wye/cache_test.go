package main

import (
	"fmt"
	"slices"
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
	behind(`create role heard login replication password 'heard'; create table hot (id int primary key, v text, at timestamptz default '2026-01-01 12:00+00'); insert into hot values (1, 'one'), (2, 'two');
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
		res = conn.ExecParams(soon(t, 10*time.Second), sql, values, nil, nil, nil).Read()
	} else {
		res = conn.ExecPrepared(soon(t, 10*time.Second), name, values, nil, nil).Read()
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

// TestWhoAsks: nobody sees what was kept for others.
func TestWhoAsks(t *testing.T) {
	rig, conn, behind := cacheRig(t, 0, hot)
	behind(`create role reader; create role stranger; grant reader, stranger to app; grant select on hot to reader; revoke all on hot from public; grant all on hot to app;
		alter table cold enable row level security; create policy own on cold using (v = current_user); grant select on cold to reader, stranger`)
	must(t, conn, "create table again ()") // has the catalog read again
	eventually(t, "wye knows", func() bool { return strings.Contains(explained(t, conn, "select v from cold"), "row security") })
	one := "select v from hot where id = 1"
	must(t, conn, one)
	must(t, conn, "set role stranger")
	fails(t, conn, one, "42501")
	must(t, conn, "set role reader")
	if got := must(t, conn, one); got != "one" {
		t.Errorf("reader: %q", got)
	}
	must(t, conn, "reset role")
	must(t, conn, one)
	must(t, conn, "create table mine (v text)")
	must(t, conn, "insert into mine values ('mine')")
	must(t, conn, "grant select on mine to reader")
	other := connect(t, rig.url)
	must(t, other, "set role reader")
	mine := "/* wye: cache=1h */ select v from mine"
	eventually(t, "kept by a hint", func() bool { return strings.Contains(explained(t, other, mine), "cache    rule (hint), for 1h0m0s") })
	must(t, other, mine)
	must(t, conn, "revoke select on mine from reader")
	fails(t, other, mine, "42501")
	when := "select to_char(at, 'HH24') from hot where id = 1"
	eventually(t, "kept", func() bool { return strings.Contains(explained(t, conn, when), "rule hot") })
	must(t, conn, "set timezone = 'UTC'")
	if got := must(t, conn, when); got != "12" {
		t.Errorf("UTC: %q", got)
	}
	must(t, conn, "set timezone = 'Asia/Tokyo'")
	if got := must(t, conn, when); got != "21" {
		t.Errorf("Tokyo: %q", got)
	}
}

// TestManyAskAtOnce: however many want an answer that is not kept yet, the
// server is asked once.
func TestManyAskAtOnce(t *testing.T) {
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

// TestHintsAndSetForTheCache: what a session says counts.
func TestHintsAndSetForTheCache(t *testing.T) {
	_, conn, behind := cacheRig(t, 0, hot)
	one := "select v from hot where id = 1"
	must(t, conn, one)
	behind("update hot set v = 'changed' where id = 1")
	for _, step := range []struct{ sql, want string }{
		{one, "one"}, {"/* wye: cache=off */ " + one, "changed"}, {"/* wye: role=primary */ " + one, "changed"},
		{"/* wye: max_staleness=0s */ " + one, "one"}, // another text: not kept before
		{"set wye.cache = 'off'", ""}, {one, "changed"}, {"reset wye.cache", ""}, {one, "one"},
		{"begin", ""}, {one, "changed"}, {"commit", ""}, {one, "one"},
		{"select v || 'now' from hot where id = 1", "changednow"}, {"select case when now() > 'yesterday'::timestamptz then v end from hot where id = 1", "changed"},
	} {
		want := step.want
		if strings.Contains(step.sql, "max_staleness") {
			want = "changed"
		}
		if got := must(t, conn, step.sql); got != want {
			t.Errorf("%s: got %q, want %q", step.sql, got, want)
		}
	}
	fails(t, conn, "set wye.cache = 'for ever'", "22023")
	for _, told := range []struct{ sql, route string }{
		{"select v, at > 'today' from hot", "rule hot"}, // the shape may be kept, this text is not
		{"select v, random() from hot", "cache    no: "}, {"select v from hot for update", "cache    no: "}, {"select 1", "cache    no: no table is read"},
		{"select v from cold", "cache    no: no rule is for it"}, {"select current_user, v from hot", "cache    no: function current_user is stable"},
		{"select to_char(at, 'YYYY') from hot", "rule hot"},
	} {
		if got := explained(t, conn, told.sql); !strings.Contains(got, told.route) {
			t.Errorf("%s: %s", told.sql, got)
		}
	}
	at := "select count(*) from hot where at < 'now'"
	first := must(t, conn, at)
	behind("insert into hot values (77, 'past')")
	if got := must(t, conn, at); got == first {
		t.Error("an answer about the present time was kept")
	}
}

// heardRig is cacheRig with a wye that follows the primary's log.
func heardRig(t *testing.T, replicas int) (rig drillRig, conn *pgconn.PgConn, behind func(sql string)) {
	t.Helper()
	rig, conn, behind = cacheRig(t, replicas, `split: {read_your_writes: table}, health: {user: heard, password: heard}, cache: {elsewhere: wal, transactions: read_committed, rules: {hot: {tables: [hot, hot_view, leaf, parts, nokey, mv, moods], ttl: 1h}}}`)
	return rig, conn, behind
}

// TestWritesElsewhere: with the log followed, what is written past wye ends
// what is kept too, soon.
func TestWritesElsewhere(t *testing.T) {
	rig, conn, behind := heardRig(t, 0)
	behind(`create table parts (id int, v text) partition by list (id); create table leaf partition of parts default; insert into parts values (1, 'one');
		create table nokey (v text); insert into nokey values ('one'); create materialized view mv as select * from nokey;
		create type mood as enum ('sad', 'glad'); create table moods (m mood); insert into moods values ('sad'); grant all on moods to public;
		insert into child values (1, 1); grant all on parts, leaf, nokey, mv to public`)
	reads := map[string]string{
		"hot": "select string_agg(v, ',' order by id) from hot", "hot_view": "select string_agg(v, ',' order by id) from hot_view",
		"parts": "select string_agg(v, ',') from parts", "nokey": "select string_agg(v, ',' order by v) from nokey", "moods": "select string_agg(m::text, ',') from moods", "mv": "select string_agg(v, ',' order by v) from mv",
	}
	for name, sql := range reads {
		eventually(t, name+" is kept", func() bool {
			must(t, conn, sql)
			return strings.Contains(explained(t, conn, sql), "rule hot")
		})
	}
	var latencies []time.Duration
	for _, w := range []struct{ table, sql string }{
		{"hot", "insert into hot values (50, 'fifty')"}, {"hot_view", "update hot set v = 'changed' where id = 50"}, {"hot", "delete from hot where id = 50"},
		{"parts", "insert into parts values (2, 'two')"}, {"parts", "update leaf set v = v || '!'"},
		{"nokey", "update nokey set v = v || '!'"}, {"nokey", "delete from nokey"}, {"nokey", "insert into nokey values ('back')"},
		{"mv", "refresh materialized view mv"}, {"moods", "alter type mood rename value 'sad' to 'blue'"}, {"hot", "truncate hot cascade"}, {"hot", "copy hot (id, v) from program 'echo 1,copied' with (format csv)"},
		{"hot", "begin; update hot set v = 'prepared' where id = 1; prepare transaction 'x'; commit prepared 'x'"},
	} {
		read := reads[w.table]
		before := must(t, conn, read)
		if again := must(t, conn, read); again != before {
			t.Errorf("%q, then %q", before, again)
		}
		for part := range strings.SplitSeq(w.sql, "; ") {
			if strings.Contains(w.sql, "prepare transaction") {
				break
			}
			behind(part)
		}
		if strings.Contains(w.sql, "prepare transaction") {
			owner := connect(t, rig.Primary.SuperuserURL(rig.Database))
			for part := range strings.SplitSeq(w.sql, "; ") {
				must(t, owner, part)
			}
		}
		began := time.Now()
		now := must(t, conn, "/* wye: cache=off */ "+read)
		if now == before {
			t.Errorf("%s changed nothing", w.sql)
		}
		eventually(t, w.sql+" is seen", func() bool { return must(t, conn, read) == now })
		latencies = append(latencies, time.Since(began))
	}
	t.Log("seen after", latencies)
	read, others := "select v from hot where id = 1", latencies[:0]
	behind("insert into hot values (2, 'two')")
	for i := range 101 {
		must(t, conn, read)
		behind(fmt.Sprintf("insert into hot values (1, '%[1]d') on conflict (id) do update set v = '%[1]d'", i))
		began := time.Now()
		eventually(t, "it is seen", func() bool { return must(t, conn, read) == strconv.Itoa(i) })
		others = append(others, time.Since(began))
	}
	slices.Sort(others)
	if t.Log("median", others[50], "longest", others[100]); others[50] > 50*time.Millisecond {
		t.Errorf("the median commit is seen after %v, want 50 ms at most", others[50])
	}
}

// TestRightsElsewhere: rights that are taken away past wye are gone from what
// is kept too.
func TestRightsElsewhere(t *testing.T) {
	_, conn, behind := heardRig(t, 0)
	one := "select v from hot where id = 1"
	for range 3 {
		for _, w := range []struct{ name, take, give string }{
			{"row security", "alter table hot enable row level security", "alter table hot disable row level security"},
			{"revoke", "revoke all on hot from public", "grant all on hot to public"},
		} {
			name := w.name
			eventually(t, "it is kept", func() bool { must(t, conn, one); return strings.Contains(explained(t, conn, one), "rule hot") })
			must(t, conn, one)
			behind(w.take)
			eventually(t, name+" is seen", func() bool {
				rows, err := run(conn, one)
				return err != nil || len(rows) == 0
			})
			behind(w.give)
		}
	}
}

// TestDeaf: while the log cannot be followed nothing is served from memory,
// and afterwards nothing that was kept before.
func TestDeaf(t *testing.T) {
	rig, conn, behind := heardRig(t, 0)
	one := "select v from hot where id = 1"
	console := connect(t, dsnOf(rig.addr, "ops", "pgbouncer"))
	state := func() string {
		rows, err := run(console, "show cache where rule = 'hot'")
		if err != nil || len(rows) != 1 {
			t.Fatalf("%v, %v", rows, err)
		}
		return rows[0][len(rows[0])-1]
	}
	must(t, conn, one)
	kill := "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'wye cache'"
	behind("alter role heard noreplication; " + kill)
	eventually(t, "it is said", func() bool { return state() != "wal" })
	behind("update hot set v = 'unheard' where id = 1")
	if got := must(t, conn, one); got != "unheard" {
		t.Errorf("served while deaf: %q", got)
	}
	if slots, err := rig.Primary.Value(soon(t, time.Minute), "select count(*) from pg_replication_slots"); err != nil || slots != "0" {
		t.Errorf("%s slots are left: %v", slots, err)
	}
	behind("alter role heard replication")
	eventually(t, "it hears again", func() bool { return state() == "wal" })
	if got := must(t, conn, one); got != "unheard" {
		t.Errorf("kept from before: %q", got)
	}
	behind("update hot set v = 'heard' where id = 1")
	eventually(t, "the change is seen", func() bool { return must(t, conn, one) == "heard" })
}

// TestCacheFailover: another primary has never heard of what was kept, and its
// log is followed from then on.
func TestCacheFailover(t *testing.T) {
	rig, conn, _ := heardRig(t, 1)
	one := "select v from hot where id = 1"
	must(t, conn, one)
	if err := rig.Replicas[0].WaitCaughtUp(soon(t, time.Minute), rig.Primary); err != nil {
		t.Fatal(err)
	}
	rig.Primary.Kill()
	if err := rig.Replicas[0].Promote(soon(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		want := fmt.Sprint("promoted ", i)
		if err := rig.Replicas[0].Exec(soon(t, time.Minute), "update hot set v = '"+want+"' where id = 1"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the new primary's row", func() bool {
			rows, err := run(conn, one)
			return err == nil && rows[0][0] == want
		})
		eventually(t, "its answers are kept", func() bool { return strings.Contains(explained(t, conn, one), "rule hot") })
	}
}

// TestNoStandby: commits that wait for a standby never wait for wye, which has
// no disk to keep them on.
func TestNoStandby(t *testing.T) {
	rig, conn, behind := heardRig(t, 1)
	console := connect(t, dsnOf(rig.addr, "ops", "pgbouncer"))
	state := func() string {
		rows, err := run(console, "show cache where rule = 'hot'")
		if err != nil || len(rows) != 1 {
			t.Fatalf("%v, %v", rows, err)
		}
		return rows[0][len(rows[0])-1]
	}
	behind("alter system set synchronous_standby_names = '*'")
	behind("select pg_reload_conf()")
	eventually(t, "it is said", func() bool { return strings.Contains(state(), "synchronous_standby_names") })
	if names, err := rig.Primary.Value(soon(t, time.Minute), "select string_agg(application_name, ' ') from pg_stat_replication where sync_state = 'sync'"); err != nil || names != "r1" {
		t.Errorf("%q confirm commits: %v", names, err)
	}
	must(t, conn, "update hot set v = 'served' where id = 1")
	if got := must(t, conn, "select v from hot where id = 1"); got != "served" {
		t.Errorf("got %q", got)
	}
	behind("alter system set synchronous_standby_names = 'r1'")
	behind("select pg_reload_conf()")
	eventually(t, "it listens again", func() bool { return state() == "wal" })
	must(t, conn, "update hot set v = 'again' where id = 1")
}
