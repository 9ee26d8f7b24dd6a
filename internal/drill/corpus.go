package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/wyeproxy/wye/internal/testpg"
)

// Corpus sends scripts through a connection string, each in a session of its
// own, and finds out from the servers' logs who was given which statement. Its
// statements carry a comment, /*d17.2*/, that nothing between may remove.
type Corpus struct {
	URL      string
	Scripts  []Script
	Extended bool // Parse, Bind, Execute instead of Query
	Primary  *testpg.Node
	Replicas []*testpg.Node
}

// Script is the statements of one session, one after the other.
type Script []string

// Placed is one statement, how it ended, and who was given it.
type Placed struct {
	SQL     string // with its mark
	Code    string // SQLSTATE of its error, NoWord, or ""
	Servers []string
	replica bool
}

// String is "r1: 25006: INSERT ... /*d17.1*/".
func (p Placed) String() string {
	return fmt.Sprintf("%s: %s: %s", strings.Join(p.Servers, " and "), p.Code, p.SQL)
}

// CorpusReport is what became of each statement.
type CorpusReport struct {
	Statements []Placed
	Failed     Codes
}

// OnReplicas are the statements that a replica was given, if only at first.
func (r *CorpusReport) OnReplicas() []Placed {
	return slices.DeleteFunc(slices.Clone(r.Statements), func(p Placed) bool { return !p.replica })
}

// With are the statements that ended with the SQLSTATE.
func (r *CorpusReport) With(code string) []Placed {
	return slices.DeleteFunc(slices.Clone(r.Statements), func(p Placed) bool { return p.Code != code })
}

// Nowhere are the statements that reached no server: the proxy answered them.
func (r *CorpusReport) Nowhere() []Placed {
	return slices.DeleteFunc(slices.Clone(r.Statements), func(p Placed) bool { return len(p.Servers) > 0 })
}

// Share is the part, 0 to 1, that replicas were given of the statements that
// reached a server at all.
func (r *CorpusReport) Share() float64 {
	return float64(len(r.OnReplicas())) / float64(max(1, len(r.Statements)-len(r.Nowhere())))
}

// String is one line for a log.
func (r *CorpusReport) String() string {
	return fmt.Sprintf("%d statements, %d on replicas (%.1f %%), %d on no server; failed: %v",
		len(r.Statements), len(r.OnReplicas()), 100*r.Share(), len(r.Nowhere()), r.Failed)
}

// Run sends all scripts, one after the other. An error means that the corpus
// could not be sent or the logs not be read; what servers say to a statement
// is part of the report.
func (c Corpus) Run(ctx context.Context) (*CorpusReport, error) {
	servers := append([]*testpg.Node{c.Primary}, c.Replicas...)
	marks, err := openMarks(ctx, servers)
	if err != nil {
		return nil, err
	}
	defer marks.close(context.WithoutCancel(ctx))
	r := &CorpusReport{Failed: Codes{}}
	for i, script := range c.Scripts {
		for j, code := range c.play(ctx, i, script) {
			r.Statements = append(r.Statements, Placed{SQL: marked(script[j], i, j), Code: code})
			if code != "" {
				r.Failed[code]++
			}
		}
	}
	return r, c.place(r, marks)
}

// mark names statement j of script i; so does the comment in its text. The
// line feed is for a statement that ends in a comment of its own.
func mark(i, j int) string { return fmt.Sprintf("d%d.%d", i, j) }

func marked(sql string, i, j int) string { return sql + "\n/*" + mark(i, j) + "*/" }

// place reads the logs and says of each statement who was given it.
func (c Corpus) place(r *CorpusReport, marks *marks) error {
	for n, server := range append([]*testpg.Node{c.Primary}, c.Replicas...) {
		found, err := marks.of(server)
		if err != nil {
			return err
		}
		for i := range r.Statements {
			p := &r.Statements[i]
			if found[markOf(p.SQL)] {
				p.Servers = append(p.Servers, server.Name)
				p.replica = p.replica || n > 0
			}
		}
	}
	return nil
}

func markOf(sql string) string {
	return strings.TrimSuffix(sql[strings.LastIndex(sql, "/*")+2:], "*/")
}
