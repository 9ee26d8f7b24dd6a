package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// readLedger counts the clusters by version. Nobody booted any where there
// is no file.
func readLedger(path string) (map[string]int, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	booted := map[string]int{}
	for line := range strings.Lines(string(text)) {
		version, _, _ := strings.Cut(line, " ")
		booted[version]++
	}
	return booted, nil
}
