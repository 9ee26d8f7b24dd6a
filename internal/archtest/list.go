package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// Package is what the walls are checked against: one package of ours.
type Package struct {
	Room        string   // import path below the module: "proxy/session"; "." is the root
	Dir         string   // absolute
	Imports     []string // of the non-test files; ours are given as rooms with the prefix "./"
	TestImports []string // of the test files, in-package and external
	Tests       bool     // whether there are only test files
}

// ours marks imports of our own rooms, so that none can be mistaken for a
// package of the standard library.
const ours = "./"

// List asks the go command for all packages of the module around dir.
func List(dir string) (root string, pkgs []Package, err error) {
	module, root, err := moduleAround(dir)
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,CgoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", nil, fmt.Errorf("go list: %w\n%s", err, complaint.Bytes())
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir                                       string
			GoFiles, CgoFiles, Imports, TestImports, XTestImports []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return root, pkgs, nil
		} else if err != nil {
			return "", nil, fmt.Errorf("read go list: %w", err)
		}
		pkgs = append(pkgs, Package{
			Room:        strings.TrimPrefix(relative(module, p.ImportPath), ours),
			Dir:         p.Dir,
			Imports:     relativeAll(module, p.Imports),
			TestImports: relativeAll(module, append(p.TestImports, p.XTestImports...)),
			Tests:       len(p.GoFiles)+len(p.CgoFiles) == 0,
		})
	}
}

func moduleAround(dir string) (path, root string, err error) {
	cmd := exec.Command("go", "list", "-m", "-json=Path,Dir")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", "", fmt.Errorf("go list -m: %w", err)
	}
	var m struct{ Path, Dir string }
	if err := json.Unmarshal(out, &m); err != nil {
		return "", "", fmt.Errorf("read go list -m: %w", err)
	}
	return m.Path, filepath.Clean(m.Dir), nil
}

func relativeAll(module string, imports []string) []string {
	all := make([]string, len(imports))
	for i, p := range imports {
		all[i] = relative(module, p)
	}
	return all
}

func relative(module, path string) string {
	switch rest, below := strings.CutPrefix(path, module+"/"); {
	case path == module:
		return ours + "."
	case below:
		return ours + rest
	default:
		return path
	}
}
