package plantest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Dir is testdata/plan.
func Dir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "testdata", "plan")
}

// Read is the file name of testdata/plan as text.
func Read(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(Dir(), name))
	return string(text), err
}

// Statements are those of a corpus file, one per line; lines that begin with
// "--" and a space are comments.
func Statements(name string) (all []string, err error) {
	text, err := Read(name)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.HasPrefix(line, "-- ") {
			all = append(all, line)
		}
	}
	return all, nil
}

// Results runs a text of several statements as one simple Query and returns
// all rows of all results as text, nil for NULL.
func Results(ctx context.Context, conn *pgconn.PgConn, sql string) ([][][]*string, error) {
	answers, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	results := make([][][]*string, len(answers))
	for i, a := range answers {
		for _, row := range a.Rows {
			results[i] = append(results[i], texts(row))
		}
	}
	return results, nil
}

func texts(row [][]byte) []*string {
	cells := make([]*string, len(row))
	for i, cell := range row {
		if cell != nil {
			s := string(cell)
			cells[i] = &s
		}
	}
	return cells
}

// Format writes results for a file: a line "result n" before each, a line per
// row with tabs between columns, \N for NULL.
func Format(results [][][]*string) string {
	var b strings.Builder
	for i, rows := range results {
		fmt.Fprintf(&b, "result %d\n", i)
		for _, row := range rows {
			for n, cell := range row {
				if n > 0 {
					b.WriteByte('\t')
				}
				if cell == nil {
					b.WriteString(`\N`)
				} else {
					b.WriteString(escaped.Replace(*cell))
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

var (
	escaped   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`)
	unescaped = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t")
)

// Parse reads what Format wrote.
func Parse(text string) (results [][][]*string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "result ") {
			results = append(results, nil)
			continue
		}
		var row []*string
		for cell := range strings.SplitSeq(line, "\t") {
			if cell == `\N` {
				row = append(row, nil)
				continue
			}
			cell = unescaped.Replace(cell)
			row = append(row, &cell)
		}
		last := len(results) - 1
		results[last] = append(results[last], row)
	}
	return results
}
