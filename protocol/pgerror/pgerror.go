package pgerror

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

// Error is one ErrorResponse or NoticeResponse. The zero value of a field
// means that the field is absent on the wire.
type Error struct {
	Severity string // SeverityError when empty
	Code     string // SQLSTATE, five characters; InternalError when empty
	Message  string
	Detail   string
	Hint     string
	Position int // 1-based character position in the client's SQL, 0 = none
	Routine  string
}

// New returns an error of severity ERROR: the connection goes on after it.
func New(code, message string) *Error {
	return &Error{Severity: SeverityError, Code: code, Message: message}
}

// Newf is New with a format.
func Newf(code, format string, args ...any) *Error {
	return New(code, fmt.Sprintf(format, args...))
}

// Fatal returns an error after which the connection is closed.
func Fatal(code, message string) *Error {
	return &Error{Severity: SeverityFatal, Code: code, Message: message}
}

// Fatalf is Fatal with a format.
func Fatalf(code, format string, args ...any) *Error {
	return Fatal(code, fmt.Sprintf(format, args...))
}

// WithHint returns a copy of e that names the fix.
func (e *Error) WithHint(hint string) *Error {
	c := *e
	c.Hint = hint
	return &c
}

// WithDetail returns a copy of e with the detail line.
func (e *Error) WithDetail(detail string) *Error {
	c := *e
	c.Detail = detail
	return &c
}

// AsFatal returns a copy of e with severity FATAL.
func (e *Error) AsFatal() *Error {
	c := *e
	c.Severity = SeverityFatal
	return &c
}

// Error implements error. It never contains the SQL text.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s (SQLSTATE %s)", e.severity(), e.Message, e.code())
}

// IsFatal reports whether the sender closes the connection after e.
func (e *Error) IsFatal() bool {
	return e.Severity == SeverityFatal || e.Severity == SeverityPanic
}

func (e *Error) severity() string {
	if e.Severity == "" {
		return SeverityError
	}
	return e.Severity
}

func (e *Error) code() string {
	if e.Code == "" {
		return InternalError
	}
	return e.Code
}

// AppendFrame appends e to dst as a whole ErrorResponse frame. S and V are
// both sent: npgsql and pgx read V, older clients S.
func (e *Error) AppendFrame(dst []byte) []byte { return e.appendFrame(dst, 'E') }

// AppendNotice appends e to dst as a whole NoticeResponse frame.
func (e *Error) AppendNotice(dst []byte) []byte { return e.appendFrame(dst, 'N') }

func (e *Error) appendFrame(dst []byte, typ byte) []byte {
	start := len(dst)
	dst = append(dst, typ, 0, 0, 0, 0)
	dst = appendField(dst, 'S', e.severity())
	dst = appendField(dst, 'V', e.severity())
	dst = appendField(dst, 'C', e.code())
	dst = appendField(dst, 'M', e.Message)
	dst = appendField(dst, 'D', e.Detail)
	dst = appendField(dst, 'H', e.Hint)
	if e.Position > 0 {
		dst = appendField(dst, 'P', strconv.Itoa(e.Position))
	}
	dst = appendField(dst, 'R', e.Routine)
	dst = append(dst, 0)
	binary.BigEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-1))
	return dst
}

// appendField drops NUL bytes from the value: one would end the field early
// and let the rest be read as further fields.
func appendField(dst []byte, field byte, value string) []byte {
	if value == "" && field != 'M' {
		return dst
	}
	dst = append(dst, field)
	for i := 0; i < len(value); i++ {
		if value[i] != 0 {
			dst = append(dst, value[i])
		}
	}
	return append(dst, 0)
}

// Parse reads the body of an ErrorResponse or NoticeResponse (without type
// and length). It never fails: fields that a hostile or odd server left out
// stay empty (CVE-2026-6666 was a crash on a missing SQLSTATE).
func Parse(body []byte) *Error {
	e := &Error{}
	nonLocalized := ""
	for len(body) > 0 && body[0] != 0 {
		field := body[0]
		end := bytes.IndexByte(body[1:], 0)
		if end < 0 {
			break
		}
		value := string(body[1 : 1+end])
		body = body[end+2:]
		switch field {
		case 'S':
			e.Severity = value
		case 'V':
			nonLocalized = value
		case 'C':
			e.Code = value
		case 'M':
			e.Message = value
		case 'D':
			e.Detail = value
		case 'H':
			e.Hint = value
		case 'P':
			e.Position, _ = strconv.Atoi(value)
		case 'R':
			e.Routine = value
		}
	}
	if nonLocalized != "" {
		e.Severity = nonLocalized
	}
	return e
}

// Code returns the SQLSTATE in the body of an ErrorResponse without
// allocating, or nil. It aliases body.
func Code(body []byte) []byte {
	for len(body) > 0 && body[0] != 0 {
		end := bytes.IndexByte(body[1:], 0)
		if end < 0 {
			return nil
		}
		if body[0] == 'C' {
			return body[1 : 1+end]
		}
		body = body[end+2:]
	}
	return nil
}
