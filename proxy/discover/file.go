package discover

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// File lists servers in a file, one a line ("10.0.0.7:8080 weight=2 zone=b"),
// with # before comments. It is read again each Every: a look at a small file
// costs microseconds, and unlike the kernel's notices it is never missed when
// an editor or Kubernetes replaces the file by renaming.
type File struct {
	Path  string
	Every time.Duration // default 1 s
}

// maxFile bounds the file, in bytes.
const maxFile = 1 << 20

// Watch implements Source.
func (f File) Watch(ctx context.Context, found func([]upstream.Target)) error {
	every := f.Every
	if every == 0 {
		every = time.Second
	}
	var last []byte
	for first := true; ; first = false {
		text, err := readSome(f.Path)
		if err != nil {
			return err
		}
		if first || !bytes.Equal(text, last) {
			list, err := parseFile(f.Path, string(text))
			if err != nil {
				return err
			}
			found(list)
			last = text
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func readSome(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxFile)
	}
	return text, nil
}

// parseFile takes all of a file or nothing: half a list would drain the other
// half.
func parseFile(path, text string) ([]upstream.Target, error) {
	var list []upstream.Target
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		t, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		list = append(list, t)
	}
	return list, nil
}
