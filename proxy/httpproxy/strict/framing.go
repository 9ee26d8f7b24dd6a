package strict

import (
	"math"
	"strings"
)

var (
	badLength   = fault("Content-Length is not one decimal number of 63 bits", "6.3")
	twoLengths  = fault("two Content-Length fields", "6.3")
	badCoding   = fault("Transfer-Encoding does not end in chunked, applied once", "6.3")
	twoCodings  = fault("two Transfer-Encoding fields", "6.1")
	bothFramed  = fault("both Content-Length and Transfer-Encoding", "6.1")
	oldCoding   = fault("Transfer-Encoding in HTTP/1.0", "6.1")
	noHost      = fault("no Host field, or two", "3.2")
	badTrailer  = &Fault{Why: "a field that frames or routes in a trailer", Section: "RFC 9110, 6.5.1"}
	longFraming = fault("a field that frames is too long to be one", "6")
)

// The fields that say where a message ends, and for whom it is.
const (
	contentLength    = "content-length"
	transferEncoding = "transfer-encoding"
	host             = "host"
)

// frames says whether the field that is being read is one of them.
func (h *head) frames() bool {
	switch h.named {
	case len(contentLength):
		return string(h.name[:h.named]) == contentLength
	case len(transferEncoding):
		return string(h.name[:h.named]) == transferEncoding
	case len(host):
		return string(h.name[:h.named]) == host
	}
	return false
}

// keep adds to the value of a field that frames; white space at its beginning
// is not part of it.
func (h *head) keep(p []byte) {
	for _, b := range p {
		if h.valued == 0 && (b == ' ' || b == '\t') {
			continue
		}
		if h.valued < len(h.value) {
			h.value[h.valued] = b
		}
		h.valued++
	}
}

// judge looks at a field that frames.
func (h *head) judge() *Fault {
	if h.trailer {
		return badTrailer
	}
	if h.named == len(host) {
		h.host++ // what it says is the router's business
		return nil
	}
	if h.valued > len(h.value) {
		return longFraming
	}
	value := trimRight(h.value[:h.valued])
	if h.named == len(contentLength) {
		h.lengths++
		var ok bool
		h.length, ok = decimal(value)
		switch {
		case h.lengths > 1:
			return twoLengths
		case !ok:
			return badLength
		}
		return nil
	}
	if h.codings++; h.codings > 1 {
		return twoCodings
	}
	// Other codings before chunked are well-formed; the standard library
	// answers them with 501.
	last, once := lastCoding(value)
	if last != "chunked" || !once {
		return badCoding
	}
	h.chunked = true
	return nil
}

// lastCoding is the last one of a list, and whether it is there once. Codings
// have parameters in theory; chunked has none.
func lastCoding(list []byte) (last string, once bool) {
	n := 0
	for c := range strings.SplitSeq(string(list), ",") {
		last = strings.ToLower(strings.Trim(c, " \t"))
		if last == "chunked" {
			n++
		}
	}
	return last, n == 1
}

// complete looks at the head as a whole.
func (h *head) complete() *Fault {
	switch {
	case h.codings > 0 && h.old:
		return oldCoding
	case h.codings > 0 && h.lengths > 0:
		return bothFramed
	case h.host > 1, h.host == 0 && !h.old:
		return noHost
	}
	return nil
}

func trimRight(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// decimal is 1*DIGIT that fits 63 bits.
func decimal(b []byte) (int64, bool) {
	n := int64(0)
	for _, c := range b {
		if class[c]&digit == 0 || n > (math.MaxInt64-int64(c-'0'))/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}
