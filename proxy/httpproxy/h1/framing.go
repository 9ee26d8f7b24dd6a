package h1

import (
	"net/http"
	"strconv"
	"strings"
)

var (
	errLength     = &Malformed{"Content-Length is not one decimal number of 63 bits", "6.3"}
	errLengths    = &Malformed{"Content-Length fields that differ", "6.3"}
	errCoding     = &Malformed{"a Transfer-Encoding other than chunked, once", "6.1"}
	errOldCoding  = &Malformed{"Transfer-Encoding in HTTP/1.0", "6.1"}
	errBothFramed = &Malformed{"both Content-Length and Transfer-Encoding", "6.1"}
	errTrailer    = &Malformed{"a Trailer that names a field that frames", "7.1.2"}
)

// framing is where an answer ends (RFC 9112, 6.3).
type framing struct {
	length  int64       // of the body: as said, also to HEAD; -1 is unknown
	none    bool        // no body follows, whatever length says
	chunked bool        // the body is
	last    bool        // nothing follows the answer on this conn
	trailer http.Header // names that are to come after the body, without values; nil: none
}

// frame decides, and takes the fields away that only concern this hop.
func frame(h *head, method string) (framing, error) {
	f := framing{length: -1, last: closes(h)}
	lengths, codings := h.fields["Content-Length"], h.fields["Transfer-Encoding"]
	if len(codings) > 0 {
		switch {
		case h.minor == 0:
			return f, errOldCoding
		case len(lengths) > 0:
			return f, errBothFramed
		case len(codings) > 1 || !strings.EqualFold(codings[0], "chunked"):
			return f, errCoding
		}
		delete(h.fields, "Transfer-Encoding")
		f.chunked = true
	}
	if len(lengths) > 0 {
		var err error
		if f.length, err = oneLength(h.fields, lengths); err != nil {
			return f, err
		}
	}
	var err error
	if f.trailer, err = announced(h.fields, f.chunked); err != nil {
		return f, err
	}
	switch {
	case method == http.MethodHead:
		f.none, f.trailer = true, nil
	case h.status < 200, h.status == http.StatusNoContent, h.status == http.StatusNotModified:
		// One that frames a body which must not be there (6.3) is not trusted
		// with another request.
		f.last = f.last || f.chunked || f.length > 0 && h.status != http.StatusNotModified
		f.none, f.length, f.trailer = true, 0, nil
	case !f.chunked && f.length < 0:
		f.last = true // the body ends with the conn
	}
	f.none = f.none || f.length == 0
	return f, nil
}

// oneLength is the number that all Content-Length fields give; one is kept.
func oneLength(fields http.Header, lengths []string) (int64, error) {
	for _, l := range lengths[1:] {
		if l != lengths[0] {
			return -1, errLengths
		}
	}
	fields["Content-Length"] = lengths[:1:1]
	n, err := strconv.ParseUint(lengths[0], 10, 63)
	if err != nil {
		return -1, errLength
	}
	return int64(n), nil
}

// closes says whether the server will close the conn after this (9.3).
func closes(h *head) bool {
	options := h.fields["Connection"]
	if len(options) == 0 {
		return h.minor == 0
	}
	return hasToken(options, "close") || h.minor == 0 && !hasToken(options, "keep-alive")
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(item, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// announced are the names of Trailer fields, which are taken away.
func announced(fields http.Header, chunked bool) (http.Header, error) {
	lines := fields["Trailer"]
	if len(lines) == 0 {
		return nil, nil
	}
	delete(fields, "Trailer")
	if !chunked {
		return nil, nil
	}
	names := make(http.Header)
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			name := http.CanonicalHeaderKey(strings.Trim(item, " \t"))
			switch {
			case name == "":
			case framesOrRoutes(name):
				return nil, errTrailer
			default:
				names[name] = nil
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	return names, nil
}

// framesOrRoutes says whether a field must not be in a trailer for what it
// could do there (RFC 9110, 6.5.1).
func framesOrRoutes(name string) bool {
	return name == "Content-Length" || name == "Transfer-Encoding" || name == "Trailer" || name == "Host"
}
