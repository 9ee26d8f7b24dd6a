package archtest

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// Check holds the module around dir against all walls and returns what it
// found wrong, one sentence each; nothing wrong is an empty list. The error
// is for what could not be read.
func Check(dir string) ([]string, error) {
	root, pkgs, err := List(dir)
	if err != nil {
		return nil, err
	}
	bad, err := checkTopLevel(root)
	if err != nil {
		return nil, err
	}
	for _, p := range pkgs {
		found, err := checkPackage(p)
		if err != nil {
			return nil, err
		}
		bad = append(bad, found...)
	}
	return bad, nil
}

func checkPackage(p Package) ([]string, error) {
	bad := checkImports(p)
	for _, part := range strings.Split(p.Room, "/") {
		if slices.Contains(bannedPackages, part) {
			bad = append(bad, fmt.Sprintf("%s: the name %s says nothing about what is inside", p.Room, part))
		}
	}
	files, err := parseDir(p.Dir)
	if err != nil {
		return nil, err
	}
	if !p.Tests {
		bad = append(bad, checkDoc(p.Room, files)...)
	}
	for _, s := range files {
		bad = append(bad, checkNames(p.Room, s)...)
		for _, row := range pures {
			if row.room == p.Room {
				bad = append(bad, checkPure(row, s)...)
			}
		}
	}
	return bad, nil
}

// checkTopLevel refuses folders that are not floors of the house.
func checkTopLevel(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var bad []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !ignored(root, e.Name()) {
			bad = append(bad, checkFloor(e.Name())...)
		}
	}
	return bad, nil
}

func checkFloor(name string) []string {
	if slices.Contains(topLevel, name) {
		return nil
	}
	return []string{fmt.Sprintf("top-level folder %s: the floors are %v", name, topLevel)}
}

// ignored asks git; without git nothing is.
func ignored(root, name string) bool {
	cmd := exec.Command("git", "check-ignore", "-q", path.Clean(name)+"/")
	cmd.Dir = root
	return cmd.Run() == nil
}
