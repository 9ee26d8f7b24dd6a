package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// source is one parsed non-test file.
type source struct {
	name string // without folder
	fset *token.FileSet
	file *ast.File
}

// parseDir parses the non-test files of a folder, whatever their build
// constraints.
func parseDir(dir string) ([]source, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var all []source
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		s, err := parse(name, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// parse reads the file, or text instead where it is given.
func parse(path string, text any) (source, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{name: filepath.Base(path), fset: fset, file: f}, err
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.name, s.fset.Position(n.Pos()).Line)
}

// checkPure looks for what a pure room keeps away from.
func checkPure(row pure, s source) []string {
	if !strings.HasPrefix(s.name, row.files) {
		return nil
	}
	var bad []string
	say := func(n ast.Node, what string) {
		if !slices.Contains(row.allowed, what) {
			bad = append(bad, fmt.Sprintf("%s/%s: %s in a pure room: %s", row.room, s.at(n), what, row.why))
		}
	}
	clock := ""
	for _, imp := range s.file.Imports {
		path, _ := strconv.Unquote(imp.Path.Value) // the parser has checked it
		if slices.ContainsFunc(impurePackages, func(p string) bool { return below(p, path) }) {
			say(imp, path)
		}
		if path == "time" {
			if clock = localName(imp); clock == "." {
				say(imp, "a dot import of time")
			}
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			say(n, "go")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && clock != "" && x.Name == clock && slices.Contains(clockFunctions, n.Sel.Name) {
				say(n, "time."+n.Sel.Name)
			}
		}
		return true
	})
	return bad
}

// localName is what a file calls the package it imports.
func localName(imp *ast.ImportSpec) string {
	if imp.Name != nil {
		return imp.Name.Name
	}
	path, _ := strconv.Unquote(imp.Path.Value)
	return filepath.Base(path)
}

// checkNames looks for type names that say nothing.
func checkNames(room string, s source) []string {
	var bad []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		for _, word := range words(spec.Name.Name) {
			if slices.Contains(bannedParts, word) && !excused(room, spec.Name.Name, word) {
				bad = append(bad, fmt.Sprintf("%s/%s: type %s: the word %s says nothing; house.md section 7 has better ones", room, s.at(spec), spec.Name.Name, word))
			}
		}
		return true
	})
	return bad
}

func excused(room, name, word string) bool {
	_, foreign := namesOfOthers[name]
	isHTTP := room == "proxy/httpproxy" || room == "proxy/web" // net/http's own word for what serves a request
	return foreign || (word == "Handler" && isHTTP)
}

// words splits a Go name at its capitals and makes each begin with one, so
// that a local baseConn reads as the exported BaseConn does.
func words(name string) []string {
	var all []string
	from := 0
	for i := 1; i <= len(name); i++ {
		if i == len(name) || (isCapital(name[i]) && !isCapital(name[i-1])) {
			w := name[from:i]
			all = append(all, strings.ToUpper(w[:1])+w[1:])
			from = i
		}
	}
	return all
}

func isCapital(b byte) bool { return b >= 'A' && b <= 'Z' }

// checkDoc wants a doc.go with a package comment.
func checkDoc(room string, files []source) []string {
	for _, s := range files {
		if s.name == "doc.go" {
			if s.file.Doc == nil {
				return []string{room + "/doc.go has no package comment"}
			}
			return nil
		}
	}
	return []string{room + " has no doc.go: what it is, what it owns, what it never does, where to look when it breaks"}
}
