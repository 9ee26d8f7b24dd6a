package copysplit

import (
	"errors"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// ErrMore is returned by Next when it needs another chunk, or Close.
var ErrMore = errors.New("more bytes of COPY are needed")

// badCopyFileFormat is ERRCODE_BAD_COPY_FILE_FORMAT.
const badCopyFileFormat = "22P04"

// bad is data that is not in COPY's format, in PostgreSQL's words.
func bad(format string, args ...any) *pgerror.Error {
	return pgerror.Newf(badCopyFileFormat, format, args...)
}

func errTooLong(limit int) *pgerror.Error {
	return pgerror.Newf(pgerror.ProgramLimitExceeded, "row of COPY is longer than %d bytes", limit)
}

var errTruncated = bad("unexpected EOF in COPY data")
