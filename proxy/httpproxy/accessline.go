package httpproxy

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// longField is as much of what a client says as a line keeps.
const longField = 1024

// appendJSON is one object: every field is there in each line.
func (v *visit) appendJSON(b []byte, took time.Duration) []byte {
	r := v.in
	b = append(b, `{"time":"`...)
	b = v.began.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, '"')
	for _, f := range [...]struct{ name, value string }{
		{"listener", v.site.Name}, {"route", v.routeName()}, {"client", v.client.String()},
		{"method", r.Method}, {"host", r.Host}, {"uri", r.RequestURI}, {"proto", r.Proto},
		{"server", v.serverName()}, {"refused", v.why}, {"referer", r.Referer()}, {"agent", r.UserAgent()},
	} {
		b = append(append(append(b, `,"`...), f.name...), `":`...)
		b = quoteJSON(b, f.value)
	}
	for _, f := range [...]struct {
		name  string
		value int64
	}{{"status", int64(v.status)}, {"bytes", v.bytes}, {"tries", v.tried.Load()}} {
		b = append(append(append(b, `,"`...), f.name...), `":`...)
		b = strconv.AppendInt(b, f.value, 10)
	}
	b = append(b, `,"ms":`...)
	b = strconv.AppendFloat(b, took.Seconds()*1e3, 'f', 3, 64)
	return append(b, "}\n"...)
}

// appendCombined is httpd's combined format. What could end a field early is
// escaped as httpd does it.
func (v *visit) appendCombined(b []byte, took time.Duration) []byte {
	r := v.in
	b = append(append(b, v.client.String()...), " - - ["...)
	b = v.began.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	b = escape(b, r.Method)
	b = escape(append(b, ' '), r.RequestURI)
	b = escape(append(b, ' '), r.Proto)
	b = strconv.AppendInt(append(b, `" `...), int64(v.status), 10)
	b = strconv.AppendInt(append(b, ' '), v.bytes, 10)
	b = escape(append(b, ` "`...), or(r.Referer(), "-"))
	b = escape(append(b, `" "`...), or(r.UserAgent(), "-"))
	b = strconv.AppendFloat(append(b, `" `...), took.Seconds()*1e3, 'f', 3, 64)
	return append(b, '\n')
}

func (v *visit) routeName() string {
	if v.route == nil {
		return ""
	}
	return v.route.Name
}

func (v *visit) serverName() string {
	if up := v.served.Load(); up != nil {
		return up.Name
	}
	return ""
}

const hexDigits = "0123456789abcdef"

func escape(b []byte, s string) []byte {
	for _, c := range []byte(s[:min(len(s), longField)]) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= 0x7f:
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

// quoteJSON appends s as a string of JSON (RFC 8259, 7). Bytes that are no
// UTF-8 become U+FFFD.
func quoteJSON(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range s[:min(len(s), longField)] {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c < ' ' || c == 0x7f:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return append(b, '"')
}
