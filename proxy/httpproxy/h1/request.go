package h1

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// smallBody is a body that is written before its answer is waited for. A
// server's socket takes that much whether or not anybody reads it, so that
// neither side can wait for the other.
const smallBody = 16 << 10

var (
	errTarget   = errors.New("the request's URI has bytes that are not of one")
	errHost     = errors.New("the request's host has bytes that are not of one")
	errField    = errors.New("a field of the request has bytes that are not of one")
	errTrailers = errors.New("the request announces a trailer that frames")
)

// chunked says whether the body has to be sent in chunks, as nobody knows how
// long it is.
func (l *Load) chunked() bool { return l.Stream != nil && l.ContentLength < 0 }

// beside says whether the body is to be written while the answer is waited for.
func (l *Load) beside() bool { return l.Stream != nil || len(l.Memory) > smallBody }

// appendHead writes the request's head to out, and a small body.
func (l *Load) appendHead(out []byte) ([]byte, error) {
	if strict.TokenLen(l.Method) != len(l.Method) || l.Method == "" {
		return out, errTarget
	}
	host := l.Host
	if host == "" {
		host = l.Addr
	}
	if !visible(host) {
		return out, errHost
	}
	out = append(out, l.Method...)
	out = append(out, ' ')
	from := len(out)
	out = appendURI(out, l.URL)
	if !visible(out[from:]) {
		return out, errTarget
	}
	out = append(out, " HTTP/1.1\r\n"...)
	out = appendField(out, "Host", host)
	out, err := appendFields(out, l.Header)
	if err != nil {
		return out, err
	}
	if out, err = l.appendFraming(out); err != nil {
		return out, err
	}
	out = append(out, '\r', '\n')
	if !l.beside() {
		out = append(out, l.Memory...)
	}
	return out, nil
}

// appendURI writes u.RequestURI() without making a string of it, where it can.
func appendURI(out []byte, u *url.URL) []byte {
	if u.Opaque != "" {
		return append(out, u.RequestURI()...)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	out = append(out, path...)
	if u.ForceQuery || u.RawQuery != "" {
		out = append(append(out, '?'), u.RawQuery...)
	}
	return out
}

// appendFraming writes what says where the request ends.
func (l *Load) appendFraming(out []byte) ([]byte, error) {
	if l.Close {
		out = appendField(out, "Connection", "close")
	}
	switch {
	case l.chunked():
		out = appendField(out, "Transfer-Encoding", "chunked")
		for name := range l.Trailer {
			if framesOrRoutes(name) || strict.TokenLen(name) != len(name) {
				return out, errTrailers
			}
			out = appendField(out, "Trailer", name)
		}
	case l.Stream != nil:
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, l.ContentLength, 10)
		out = append(out, '\r', '\n')
	case l.Memory != nil || l.Method == http.MethodPost || l.Method == http.MethodPut || l.Method == http.MethodPatch:
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, int64(len(l.Memory)), 10)
		out = append(out, '\r', '\n')
	}
	return out, nil
}

func appendField(out []byte, name, value string) []byte {
	out = append(out, name...)
	out = append(out, ':', ' ')
	out = append(out, value...)
	return append(out, '\r', '\n')
}

// appendFields writes all fields but those that are written from what the
// request says elsewhere.
func appendFields(out []byte, h http.Header) ([]byte, error) {
	for name, values := range h {
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
			continue
		}
		if name == "" || strict.TokenLen(name) != len(name) {
			return out, errField
		}
		for _, value := range values {
			if strict.ValueLen(value) != len(value) {
				return out, errField
			}
			if value == "" && name == "User-Agent" {
				continue // net/http's way to say that there is none
			}
			out = appendField(out, name, value)
		}
	}
	return out, nil
}

// visible says whether all of s is ASCII that can be seen.
func visible[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
