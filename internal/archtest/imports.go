package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// checkImports holds every import of a package against the tables.
func checkImports(p Package) []string {
	r, ok := findRoom(p.Room)
	if !ok {
		return []string{fmt.Sprintf("%s: no row in the table of rooms; say who it may import and why", p.Room)}
	}
	var bad []string
	for _, imp := range p.Imports {
		bad = append(bad, checkImport(r, p.Room, imp, nil, nil)...)
	}
	for _, imp := range p.TestImports {
		bad = append(bad, checkImport(r, p.Room+" (tests)", imp, append(testsMay, p.Room), testModules)...)
	}
	return bad
}

// checkImport judges one import; besides and extra are what tests may have
// more than their room.
func checkImport(r room, who, imp string, besides []string, extra []module) []string {
	if room, isOurs := strings.CutPrefix(imp, ours); isOurs {
		if covered(r.may, room) || covered(besides, room) {
			return nil
		}
		return []string{fmt.Sprintf("%s imports %s; it may import %v: %s", who, room, r.may, r.why)}
	}
	if isStandard(imp) {
		return nil
	}
	name := strings.TrimSuffix(who, " (tests)")
	if m, ok := findModule(extra, imp); ok && (m.rooms == nil || covered(m.rooms, name)) {
		return nil
	}
	m, ok := findModule(modules, imp)
	switch {
	case !ok:
		return []string{fmt.Sprintf("%s imports %s, which has no row in the table of modules; say who may and why", who, imp)}
	case !covered(m.rooms, name):
		return []string{fmt.Sprintf("%s imports %s, which only %v may: %s", who, imp, m.rooms, m.why)}
	}
	return nil
}

// findRoom prefers the exact row to one that ends in "/...".
func findRoom(name string) (room, bool) {
	for _, r := range rooms {
		if r.name == name {
			return r, true
		}
	}
	for _, r := range rooms {
		if covered([]string{r.name}, name) {
			return r, true
		}
	}
	return room{}, false
}

// findModule returns the row with the longest path that is imp or above it.
func findModule(table []module, imp string) (best module, found bool) {
	for _, m := range table {
		if below(m.path, imp) && len(m.path) > len(best.path) {
			best, found = m, true
		}
	}
	return best, found
}

func covered(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if folder, all := strings.CutSuffix(p, "/..."); all {
			return below(folder, name)
		}
		return p == name
	})
}

// below is whether path is folder or inside it.
func below(folder, path string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// isStandard follows the go command: a standard package's first element has
// no dot. "C" is cgo's.
func isStandard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}
