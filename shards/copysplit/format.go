package copysplit

import (
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Format is what the options of a COPY say of its bytes. A zero Delimiter,
// Quote or Esc means PostgreSQL's default; Null has none, as the empty string
// is a NULL of its own: it is \N in text where COPY does not say otherwise.
type Format struct {
	Binary, CSV            bool
	Header                 bool
	Delimiter, Quote, Esc  byte
	Null                   string
	ForceNull, ForceNotNul []int // columns, from 0; csv only
}

// withDefaults fills in what is not given, and refuses what PostgreSQL
// refuses too: the rules for splitting rely on it (ProcessCopyOptions in
// src/backend/commands/copy.c).
func (f Format) withDefaults() (Format, error) {
	if f.Delimiter == 0 {
		f.Delimiter = '\t'
		if f.CSV {
			f.Delimiter = ','
		}
	}
	if f.Quote == 0 {
		f.Quote = '"'
	}
	if f.Esc == 0 {
		f.Esc = f.Quote
	}
	return f, f.check()
}

// noTextDelimiter are characters that mean something after a backslash.
const noTextDelimiter = "\\.abcdefghijklmnopqrstuvwxyz0123456789"

func (f *Format) check() error {
	refused := ""
	switch {
	case f.Binary && (f.CSV || f.Header):
		refused = "binary COPY has neither CSV nor HEADER"
	case f.Binary:
	case f.Delimiter == '\n' || f.Delimiter == '\r':
		refused = "COPY delimiter cannot be newline or carriage return"
	case strings.ContainsAny(f.Null, "\r\n"):
		refused = "COPY null representation cannot use newline or carriage return"
	case strings.IndexByte(f.Null, f.Delimiter) >= 0:
		refused = "COPY delimiter must not appear in the NULL specification"
	case !f.CSV && strings.IndexByte(noTextDelimiter, f.Delimiter) >= 0:
		refused = "COPY delimiter cannot be \"" + string(rune(f.Delimiter)) + "\""
	case f.CSV && f.Delimiter == f.Quote:
		refused = "COPY delimiter and quote must be different"
	case f.CSV && strings.IndexByte(f.Null, f.Quote) >= 0:
		refused = "CSV quote character must not appear in the NULL specification"
	case f.CSV && strings.IndexByte("\r\n", f.Quote) >= 0, f.CSV && strings.IndexByte("\r\n", f.Esc) >= 0:
		refused = "COPY quote and escape cannot be newline or carriage return"
	}
	if refused == "" {
		return nil
	}
	return pgerror.New(pgerror.InvalidParameterValue, refused)
}
