package proxy

import (
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/shardplan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

type textKey struct {
	sql, path, user string
	recoded         bool
}

// maxTexts bounds what is remembered of texts, in bytes of SQL.
const maxTexts = 16 << 20

// analysis is one text's. It implements session.Analysis.
type analysis struct {
	*shardplan.Analysis
	memo *memo // its own, or that of its template
}

// memo is a place for what the servers say of a text.
type memo = atomic.Pointer[session.Description]

// Memo implements session.Analysis.
func (a *analysis) Memo() *atomic.Pointer[session.Description] { return a.memo }

// Plan implements session.Analysis.
func (a *analysis) Plan(args []plan.Arg, o session.PlanOptions) plan.Plan {
	return a.Analysis.Plan(args, o)
}

// size counts what a text takes, in bytes: its analysis holds trees and texts
// made of it.
func (k textKey) size() int { return 1000 + 20*len(k.sql) + len(k.path) }

// known is the analysis of a text that came before, or nil.
func (k *knowing) known(key textKey) *analysis {
	k.mu.Lock()
	a, _ := k.texts.Get(key)
	k.mu.Unlock()
	return a
}

// keep remembers a, unless somebody else was faster.
func (k *knowing) keep(key textKey, a *analysis) *analysis {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.texts.Get(key); ok {
		return known
	}
	k.texts.Add(key, a)
	for k.bytes += key.size(); k.bytes > maxTexts && k.texts.Len() > 1; {
		k.texts.RemoveOldest()
	}
	return a
}

// analyze takes a text apart, unless a template says what would come of it. A
// shape gets its template when the second text of it comes: most come once.
func (k *knowing) analyze(read *sqlparse.Statement, key textKey) *analysis {
	path, planner := pathOf(key.path, key.user), k.planner
	if key.recoded {
		return &analysis{planner.Recoded().Analyze(key.sql, path), new(memo)}
	}
	at := shapeKey{read, key.path, key.user}
	one, again := k.shapes.get(at)
	if t := one.template; t != nil {
		if a := t.analysis(key.sql); a != nil {
			return a
		}
	}
	a := planner.Analyze(key.sql, path)
	if !a.MayRepeat() || one.none || one.template != nil {
		return &analysis{a, new(memo)}
	}
	if again {
		t, ok := planner.Template(a, key.sql, path)
		if one = (shape{none: !ok}); ok {
			one.template = &template{Template: t}
		}
	}
	k.shapes.add(at, one, len(key.sql))
	if one.template != nil {
		return &analysis{a, one.template.place()}
	}
	return &analysis{a, new(memo)}
}

// analysis is that of a text of the template's shape, or nil.
func (t *template) analysis(sql string) *analysis {
	a, ok := t.Analysis(unsafe.Slice(unsafe.StringData(sql), len(sql)))
	if !ok {
		return nil
	}
	return &analysis{a, t.place()}
}

// place is where to note what the servers say of a text of the template's.
func (t *template) place() *memo {
	if t.Alike() {
		return &t.memo
	}
	return new(memo)
}

// pathOf splits a search_path.
func pathOf(path, user string) []string {
	var list []string
	for part := range strings.SplitSeq(path, ",") {
		part = strings.TrimSpace(part)
		if len(part) >= 2 && part[0] == '"' && part[len(part)-1] == '"' {
			part = strings.ReplaceAll(part[1:len(part)-1], `""`, `"`)
		} else {
			part = strings.ToLower(part)
		}
		if part == "$user" {
			part = user
		}
		if part != "" {
			list = append(list, part)
		}
	}
	return list
}
