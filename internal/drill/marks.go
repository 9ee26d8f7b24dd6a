package drill

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/wyeproxy/wye/internal/testpg"
)

// marks makes servers log all statements, and finds marks in what they logged
// since.
type marks struct {
	servers []*testpg.Node
	from    map[*testpg.Node]int64 // where the log ended before
}

// openMarks returns when each server has been seen to log a statement.
func openMarks(ctx context.Context, servers []*testpg.Node) (*marks, error) {
	m := &marks{servers: servers, from: map[*testpg.Node]int64{}}
	for _, s := range servers {
		fi, err := os.Stat(s.LogFile())
		if err != nil {
			return nil, err
		}
		m.from[s] = fi.Size()
		if err := m.logging(ctx, s, "SET log_statement = 'all'"); err != nil {
			return nil, err
		}
		if err := m.awaitCanary(ctx, s); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *marks) logging(ctx context.Context, s *testpg.Node, how string) error {
	for _, sql := range []string{"ALTER SYSTEM " + how, "SELECT pg_reload_conf()"} {
		if err := s.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// awaitCanary: a connection that began after the reload logs, and those that
// were there have had the same signal.
func (m *marks) awaitCanary(ctx context.Context, s *testpg.Node) error {
	var err error
	waited := waitFor(ctx, s.Name+" to log statements", func() bool {
		var found map[string]bool
		if err = s.Exec(ctx, "SELECT 1 /*d0.canary*/"); err == nil {
			found, err = m.of(s)
		}
		return err != nil || found["d0.canary"]
	})
	if err != nil {
		return err
	}
	return waited
}

func (m *marks) close(ctx context.Context) {
	for _, s := range m.servers {
		_ = m.logging(ctx, s, "RESET log_statement") // a server that is gone logs no more
	}
}

var markText = regexp.MustCompile(`/\*(d\d+\.\w+)\*/`)

// of is the set of marks in the server's log.
func (m *marks) of(s *testpg.Node) (map[string]bool, error) {
	f, err := os.Open(s.LogFile())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, m.from[s], 1<<40))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.LogFile(), err)
	}
	found := map[string]bool{}
	for _, match := range markText.FindAllSubmatch(text, -1) {
		found[string(match[1])] = true
	}
	return found, nil
}
