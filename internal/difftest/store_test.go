package difftest

import (
	"slices"
	"strings"
	"testing"
)

// TestStore: what is wrong on the servers themselves is seen, and restored.
func TestStore(t *testing.T) {
	r := start(t)
	l := Layout{2, false}
	s, err := r.spread(r.ctx, l, "store_", r.plain.Store())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	for _, table := range Tables {
		want, got := slices.Sorted(slices.Values(r.plain.Store().first[table.Name])), slices.Sorted(slices.Values(s.first[table.Name]))
		if !slices.Equal(want, got) {
			t.Errorf("%s: %d rows spread, want %d", table.Name, len(got), len(want))
		}
	}
	users, _ := tableNamed("users")
	countries, _ := tableNamed("countries")
	drafts, _ := tableNamed("drafts")
	first, err := dial(r.ctx, r.url(0, l.database("store_")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Close)
	for _, c := range []struct {
		shard int
		sql   string
		see   func() error
		want  string
	}{
		{1, "DELETE FROM countries WHERE code = 'DE'", func() error { _, err := s.rows(r.ctx, countries); return err }, "differ in their copies"},
		{-1, "INSERT INTO drafts VALUES (1)", func() error { _, err := s.keys(r.ctx, drafts); return err }, "on shards 0 and 1"},
		{1, "INSERT INTO drafts VALUES (1)", func() error { return s.misplaced(r.ctx, drafts, first) }, "not found"},
		{0, "INSERT INTO drafts VALUES (1)", func() error { return s.misplaced(r.ctx, drafts, first) }, ""},
		{-1, "SELECT 'as if it had moved'", func() error {
			s.homes["users"]["id = '3'::bigint"] ^= 1
			return s.misplaced(r.ctx, users, first)
		}, "users: id = '3'::bigint moved"},
	} {
		for i, conn := range s.shards {
			if c.shard != i && c.shard >= 0 {
				continue
			}
			if _, err := conn.Exec(r.ctx, "SET session_replication_role = replica; "+c.sql).ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.see(); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.sql, err, c.want)
		}
		if err := s.restore(r.ctx, Case{Touches: []string{"countries", "drafts", "users"}}); err != nil {
			t.Fatal(err)
		}
		for _, table := range []Table{users, countries, drafts} {
			if rows, err := s.rows(r.ctx, table); err != nil || !slices.Equal(rows, s.first[table.Name]) {
				t.Errorf("%s after %s: %v", table.Name, c.sql, err)
			}
		}
	}
}

// TestScatterThrough: a target that places rows gets all of them.
func TestScatterThrough(t *testing.T) {
	r := start(t)
	l := Layout{1, true}
	s, err := r.scatterThrough(r.ctx, l, "through_", func(*Store) (Session, error) {
		return dial(r.ctx, r.url(0, l.database("through_")))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	for _, table := range Tables {
		if !slices.Equal(r.plain.Store().first[table.Name], s.first[table.Name]) {
			t.Errorf("%s has other rows", table.Name)
		}
	}
}
