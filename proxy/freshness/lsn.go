package freshness

import (
	"fmt"
	"strconv"
	"strings"
)

// LSN is a position in PostgreSQL's write-ahead log, in bytes.
type LSN uint64

// String is PostgreSQL's own spelling: two halves in hexadecimal.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint32(l>>32), uint32(l)) }

// ParseLSN reads PostgreSQL's spelling, as pg_lsn's input function does: one
// to eight hexadecimal digits, a slash, one to eight more.
func ParseLSN(s string) (LSN, error) {
	high, low, ok := strings.Cut(s, "/")
	h, errHigh := parseHalf(high)
	l, errLow := parseHalf(low)
	if !ok || errHigh != nil || errLow != nil {
		return 0, fmt.Errorf("%q is not a position in the write-ahead log", s)
	}
	return LSN(h<<32 | l), nil
}

// parseHalf reads one to eight hexadecimal digits.
func parseHalf(s string) (uint64, error) {
	if len(s) > 8 {
		return 0, strconv.ErrRange
	}
	return strconv.ParseUint(s, 16, 32)
}

// Sizes of the headers that begin a page of the log (SizeOfXLogShortPHD and,
// on a segment's first page, SizeOfXLogLongPHD, in xlog_internal.h).
const (
	shortHeader = 24
	longHeader  = 40
)

// RecordEnd is the end of the last record before l. A primary whose last
// record fills a page reports as its insert position the first byte after the
// next page's header, which no replica replays to until something more is
// written; the record ended where the page began. walPage is the server's
// wal_block_size.
//
// It needs no segment size: on a page with the short header a record that
// ends at byte 40 began on an earlier page, since a record is at least 24
// bytes long, so no replica can have stopped at the page's beginning.
func RecordEnd(l LSN, walPage uint32) LSN {
	if walPage <= longHeader {
		return l
	}
	if in := l % LSN(walPage); in == shortHeader || in == longHeader {
		return l - in
	}
	return l
}
