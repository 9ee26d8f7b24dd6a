package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// heardRig is cacheRig with a wye that follows the primary's log.
func heardRig(t *testing.T, replicas int) (rig drillRig, conn *pgconn.PgConn, behind func(sql string)) {
	t.Helper()
	rig, conn, behind = cacheRig(t, replicas, `split: {read_your_writes: table}, health: {user: heard, password: heard, timeout: 10s}, cache: {elsewhere: wal, transactions: read_committed, rules: {hot: {tables: [hot, hot_view, leaf, parts, nokey, mv, moods], ttl: 1h}}}`)
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
