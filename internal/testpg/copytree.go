package testpg

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// copyTree copies a data folder and gives the copy to the account. Blocks of
// zeroes, most of a fresh WAL segment, become holes.
func copyTree(from, to string, who account) error {
	return copyTreeBut(from, to, who, func(string) bool { return false })
}

// copyTreeBut leaves out the files and folders, by name below from, that
// without names, and files that vanish meanwhile.
func copyTreeBut(from, to string, who account, without func(name string) bool) error {
	buf := make([]byte, 128<<10)
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if gone(err) && path != from {
				return nil
			}
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		switch {
		case without(name) && e.IsDir():
			return filepath.SkipDir
		case without(name):
			return nil
		case e.IsDir():
			return who.mkdir(target)
		}
		if err := copyFile(path, target, who, buf); err != nil && (!gone(err) || exists(path)) {
			return err
		}
		return nil
	})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func copyFile(from, to string, who account, buf []byte) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = copySparse(dst, src, buf)
	if cerr := dst.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return who.own(to)
}

// zeroBlock is what a hole reads as. Smaller than the buffer, so that a
// segment's few written pages do not drag the rest along.
var zeroBlock [16 << 10]byte

func copySparse(dst, src *os.File, buf []byte) error {
	var size, written int64
	for {
		n, err := io.ReadFull(src, buf)
		for at := 0; at < n; at += len(zeroBlock) {
			block := buf[at:min(n, at+len(zeroBlock))]
			if bytes.Equal(block, zeroBlock[:len(block)]) {
				continue
			}
			if _, err := dst.WriteAt(block, size+int64(at)); err != nil {
				return err
			}
			written = size + int64(at+len(block))
		}
		size += int64(n)
		switch {
		case err == nil:
		case err != io.EOF && err != io.ErrUnexpectedEOF:
			return err
		case written < size:
			return dst.Truncate(size)
		default:
			return nil
		}
	}
}
