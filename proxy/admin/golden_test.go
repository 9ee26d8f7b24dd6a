package admin

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/proxy/stats"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files instead of comparing with them")

// golden is where the console's shapes are written down, one file per view.
const golden = "../../testdata/console"

// The names, order and types of the columns are what other people's programs
// read; so is the form of each value. A change here must be meant.
func TestGolden(t *testing.T) {
	for _, name := range stats.ViewNames() {
		v, _ := stats.LookupView(name)
		compareGolden(t, name, print(v.Table(newProxy().Snapshot())))
	}
	files, err := filepath.Glob(golden + "/*.golden")
	if err != nil || len(files) != len(stats.ViewNames()) {
		t.Errorf("%d golden files for %d views (%v)", len(files), len(stats.ViewNames()), err)
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join(golden, name+".golden")
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs (go test ./proxy/admin -rewrite writes it):\n%s", file, got)
	}
}

// print writes a table as columns with their OIDs, then the rows.
func print(table *stats.Table) string {
	var b strings.Builder
	for _, c := range table.Columns {
		fmt.Fprintf(&b, "%s %d\n", c.Name, c.Type)
	}
	b.WriteString("----\n")
	for _, row := range table.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = c.Text
			if c.Null {
				cells[i] = "NULL"
			}
		}
		b.WriteString(strings.Join(cells, "|") + "\n")
	}
	return b.String()
}
