package freshness

import "testing"

func TestLSN(t *testing.T) {
	for _, c := range []struct {
		text string
		want LSN
		ok   bool
	}{
		{"0/0", 0, true}, {"0/3000148", 0x3000148, true}, {"16/B374D848", 0x16B374D848, true},
		{"FFFFFFFF/FFFFFFFF", 1<<64 - 1, true}, {"a/b", 0xA0000000B, true},
		{"", 0, false}, {"/", 0, false}, {"0", 0, false}, {"0/", 0, false}, {"/0", 0, false}, {"0/0/0", 0, false},
		{"0/123456789", 0, false}, {"0/00000000000", 0, false}, {"0/g", 0, false}, {"0/-1", 0, false}, {"+1/1", 0, false}, {" 0/1", 0, false},
	} {
		got, err := ParseLSN(c.text)
		if (err == nil) != c.ok || got != c.want {
			t.Errorf("%q reads as %d, %v", c.text, got, err)
		}
	}
	if s := LSN(0x16B374D848).String(); s != "16/B374D848" {
		t.Errorf("prints as %s", s)
	}
}

// Positions that PostgreSQL 15 reported: pg_current_wal_insert_lsn() of an
// idle primary, and what its replica had replayed then.
func TestRecordEnd(t *testing.T) {
	for _, c := range []struct {
		why  string
		at   string
		page uint32
		want string
	}{
		{"after pg_switch_wal, the beginning of a segment", "0/2000028", 8192, "0/2000000"},
		{"a record that fills its page", "0/1934018", 8192, "0/1934000"},
		{"within a page", "0/1920A38", 8192, "0/1920A38"},
		{"at a page's end, as replicas say it", "0/1934000", 8192, "0/1934000"},
		{"16 bytes of a record that began on the page before: no replica stops between", "0/1934028", 8192, "0/1934000"},
		{"a server built with larger pages", "0/1936018", 16384, "0/1936018"},
		{"a server built with larger pages", "0/1938018", 16384, "0/1938000"},
		{"page size unknown", "0/2000028", 0, "0/2000028"},
	} {
		at, err := ParseLSN(c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := RecordEnd(at, c.page).String(); got != c.want {
			t.Errorf("%s: %s ends at %s, want %s", c.why, c.at, got, c.want)
		}
	}
}
