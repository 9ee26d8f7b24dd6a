package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSecretFile is the most that ${file:} reads, in bytes.
const maxSecretFile = 64 << 10

// outside is what a load reads besides the text it is given. Tests and the
// fuzz target bring their own.
type outside struct {
	getenv func(name string) (string, bool)
	// read returns at most limit bytes of a regular file, and its mode.
	read func(path string, limit int) ([]byte, fs.FileMode, error)
	glob func(pattern string) ([]string, error)
}

var realOutside = outside{getenv: os.LookupEnv, read: readRegular, glob: filepath.Glob}

var errIrregular = errors.New("not a regular file")

// readRegular refuses what is no regular file: a pipe or a device named by
// mistake would make a reload wait for ever.
func readRegular(path string, limit int) ([]byte, fs.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &fs.PathError{Op: "read", Path: path, Err: errIrregular}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(text) > limit {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("more than %d bytes", limit)}
	}
	return text, info.Mode(), err
}
