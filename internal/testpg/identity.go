package testpg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// Clusters copied from one template would all claim to be the same cluster.
// newIdentity gives a data folder its own system identifier, in the two
// places that state it: the control file, which begins with it and ends in a
// CRC-32C (ControlFileData of pg_control.h), and the long header of each WAL
// segment's first page (XLogLongPageHeaderData of xlog_internal.h).
func newIdentity(dataDir string, id uint64) error {
	if err := patch(filepath.Join(dataDir, "global", "pg_control"), func(b []byte) error {
		end := crcOffset(b)
		if end < 0 {
			return errors.New("no checksum found")
		}
		binary.NativeEndian.PutUint64(b, id)
		binary.NativeEndian.PutUint32(b[end:], crc32.Checksum(b[:end], castagnoli))
		return nil
	}); err != nil {
		return err
	}
	segments, err := filepath.Glob(filepath.Join(dataDir, "pg_wal", "0*"))
	if err != nil {
		return err
	}
	for _, s := range segments {
		if err := patch(s, func(b []byte) error {
			const afterShortHeader = 24 // MAXALIGN(sizeof(XLogPageHeaderData))
			binary.NativeEndian.PutUint64(b[afterShortHeader:], id)
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// crcOffset finds the checksum by its property, because the fields before it
// differ from one major version to the next. -1 when there is none.
func crcOffset(b []byte) int {
	used := len(bytes.TrimRight(b, "\x00"))
	for at := 64; at+4 <= len(b) && at <= used+4; at += 4 {
		if binary.NativeEndian.Uint32(b[at:]) == crc32.Checksum(b[:at], castagnoli) {
			return at
		}
	}
	return -1
}

// patch edits the first 8 KiB of a file in place.
func patch(path string, edit func([]byte) error) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 8<<10)
	if _, err := f.ReadAt(b, 0); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if err := edit(b); err != nil {
		return fmt.Errorf("edit %s: %w", path, err)
	}
	_, err = f.WriteAt(b, 0)
	return err
}
