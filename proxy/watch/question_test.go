package watch

import (
	"testing"

	"github.com/wyeproxy/wye/proxy/freshness"
)

func TestReadAnswer(t *testing.T) {
	before := Report{InRecovery: true, Timeline: 3, System: "sys", Started: "monday"}
	for _, c := range []struct {
		why  string
		row  []string
		want Report
		page uint32
	}{
		{"a primary", []string{"false", "0/2000028", "0000000A", "monday", "8192", "false", "9", "sys"},
			Report{Timeline: 10, System: "sys", Started: "monday", Position: 0x2000000}, 8192},
		{"a primary of larger pages", []string{"false", "0/2002018", "0000000A", "monday", "16384", "false", "9", "sys"},
			Report{Timeline: 10, System: "sys", Started: "monday", Position: 0x2002018}, 16384},
		{"a primary, in short", []string{"false", "1/30", "00000004"},
			Report{Timeline: 4, System: "sys", Started: "monday", Position: 1<<32 | 0x30}, 8192},
		{"a standby", []string{"true", "0/2000000", "", "monday", "8192", "true", "4", "sys"},
			Report{InRecovery: true, Timeline: 4, System: "sys", Started: "monday", Blind: true, Position: 0x2000000}, 8192},
		{"a standby whose receiver is gone", []string{"true", "0/2000000", "", "monday", "8192", "false", "2", "sys"},
			Report{InRecovery: true, Timeline: 3, System: "sys", Started: "monday", Position: 0x2000000}, 8192},
		{"a standby that was restarted", []string{"true", "0/2000000", "", "tuesday", "8192", "false", "2", "sys"},
			Report{InRecovery: true, Timeline: 2, System: "sys", Started: "tuesday", Position: 0x2000000}, 8192},
		{"a standby, in short", []string{"true", "0/2000000", ""},
			Report{InRecovery: true, Timeline: 3, System: "sys", Started: "monday", Position: 0x2000000}, 8192},
		{"a standby that has replayed nothing", []string{"true", "", ""},
			Report{InRecovery: true, Timeline: 3, System: "sys", Started: "monday"}, 8192},
		{"hidden identifiers", []string{"true", "0/1", "", "tuesday", "8192", "true", "", ""},
			Report{InRecovery: true, Started: "tuesday", Blind: true, Position: 1}, 8192},
	} {
		got, page, err := read([][]string{c.row}, before, 8192)
		if err != nil || got != c.want || page != c.page {
			t.Errorf("%s reads as\n%+v, page %d, %v, want\n%+v", c.why, got, page, err, c.want)
		}
	}
	for _, rows := range [][][]string{nil, {{}}, {{"true"}}, {{"true", "0/1", ""}, {"true", "0/1", ""}}, {{"false", "x", "00000001"}}, {{"maybe", "0/1", "00000001"}}, {{"false", "0/1", ""}}} {
		if _, _, err := read(rows, before, 8192); err == nil {
			t.Errorf("%v is understood", rows)
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add("false", "0/2000028", "00000001", "8192", "1")
	f.Add("true", "", "", "-1", "x")
	f.Fuzz(func(t *testing.T, role, position, wal, page, timeline string) {
		row := []string{role, position, wal, "today", page, "false", timeline, "sys"}
		r, _, err := read([][]string{row}, Report{}, 8192)
		if err == nil && (role != "true" && role != "false" || r.InRecovery != (role == "true")) {
			t.Errorf("%q reads as %+v", row, r)
		}
		if at, parseErr := freshness.ParseLSN(position); err == nil && parseErr == nil && r.Position > at {
			t.Errorf("%s reads as %s", at, r.Position)
		}
	})
}
