package main

import (
	"strings"
	"testing"
)

// TestWhoAsks: nobody sees what was kept for others.
func TestWhoAsks(t *testing.T) {
	t.Parallel()
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

// TestHintsAndSetForTheCache: what a session says counts.
func TestHintsAndSetForTheCache(t *testing.T) {
	t.Parallel()
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
