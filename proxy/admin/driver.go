package admin

import (
	"context"
	"strings"
)

// The statements below do nothing for the console. Drivers and client-side
// pools send them when they open, lend or take back a connection.

// ignored accepts a statement whatever it says.
func ignored(tag string) parser {
	return func(_ *session, a *args) (*plan, error) {
		a.rest = nil
		return &plan{run: func(context.Context, *session) (answer, error) { return answer{tag: tag}, nil }}, nil
	}
}

func parseDiscard(_ *session, a *args) (*plan, error) {
	for _, what := range []string{"all", "plans", "sequences", "temp", "temporary"} {
		if !a.take(what) {
			continue
		}
		return &plan{run: func(_ context.Context, s *session) (answer, error) {
			if what == "all" {
				clear(s.statements)
			}
			return answer{tag: "DISCARD " + strings.ToUpper(what)}, nil
		}}, nil
	}
	return nil, a.unexpected()
}

func parseDeallocate(_ *session, a *args) (*plan, error) {
	a.take("prepare")
	name, ok := a.name()
	if !ok {
		return nil, a.unexpected()
	}
	return &plan{run: func(_ context.Context, s *session) (answer, error) {
		if name.is("all") {
			clear(s.statements)
			return answer{tag: "DEALLOCATE ALL"}, nil
		}
		if s.statements[name.text] == nil {
			return answer{}, unknownStatement(name.text)
		}
		delete(s.statements, name.text)
		return answer{tag: "DEALLOCATE"}, nil
	}}, nil
}

// beginTx and endTx move the state that ReadyForQuery reports. The console
// changes nothing that could be rolled back, but drivers believe what it says.
func beginTx(tag string) parser {
	return func(_ *session, a *args) (*plan, error) {
		a.rest = nil // isolation level, READ ONLY and so on
		return &plan{run: func(_ context.Context, s *session) (answer, error) {
			s.tx = inTx
			return answer{tag: tag}, nil
		}}, nil
	}
}

// endTx knows no savepoints: ROLLBACK TO is a syntax error.
func endTx(tag string) parser {
	return func(_ *session, a *args) (*plan, error) {
		if !a.take("work") {
			a.take("transaction")
		}
		return &plan{run: func(_ context.Context, s *session) (answer, error) {
			ans := answer{tag: tag}
			if s.tx == failedTx {
				ans.tag = "ROLLBACK"
			}
			s.tx = idle
			return ans, nil
		}}, nil
	}
}
