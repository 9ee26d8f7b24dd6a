package h1

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// Malformed is why an answer is none. Sections are of RFC 9112.
type Malformed struct{ Why, Section string }

func (m *Malformed) Error() string {
	return "the server's answer: " + m.Why + " (RFC 9112, " + m.Section + ")"
}

var (
	errBareLF    = &Malformed{"a line does not end in CRLF", "2.2"}
	errStatus    = &Malformed{"no status line of HTTP/1", "4"}
	errFolded    = &Malformed{"a field line begins with white space", "5.2"}
	errName      = &Malformed{"a field name is not a token followed by a colon", "5.1"}
	errValue     = &Malformed{"a field value has control characters", "5"}
	errLongHead  = &Malformed{"a head or line that is too long", "2.2"}
	errUnasked   = &Malformed{"it changes the protocol unasked", "7.8 of RFC 9110"}
	errManyHeads = &Malformed{"too many heads before the final one", "15.2 of RFC 9110"}
)

// head is an answer's, up to the empty line.
type head struct {
	status int
	reason string // with the status, as net/http has it: "200 OK"
	minor  int    // of the version: 0 or 1
	fields http.Header
	framing
}

// endOfHead is where the head that p begins with ends, the empty line
// included, or 0 while it has not all come. from is how much of p an earlier
// call has seen.
func endOfHead(p []byte, from int) (int, error) {
	for i := from; i < len(p); i++ {
		n := bytes.IndexByte(p[i:], '\n')
		if n < 0 {
			return 0, nil
		}
		i += n
		switch {
		case i == 0 || p[i-1] != '\r':
			return 0, errBareLF
		case i == 1, i >= 3 && p[i-2] == '\n':
			return i + 1, nil
		}
	}
	return 0, nil
}

// parseHead reads a whole head, of an answer to a request with that method.
// Its strings are parts of one copy of p. room is for the fields of a final one;
// nil: none.
func parseHead(p []byte, method string, room *Room) (head, error) {
	text := string(p)
	line, rest, _ := strings.Cut(text, "\r\n")
	var h head
	if err := h.statusLine(line); err != nil {
		return head{}, err
	}
	var err error
	if h.fields, err = parseFields(rest, room.fields(h.status)); err != nil {
		return head{}, err
	}
	h.framing, err = frame(&h, method)
	return h, err
}

// statusLine is HTTP/1.x SP 3DIGIT [SP reason]. Many servers forget the second
// space where there is no reason.
func (h *head) statusLine(line string) error {
	const form = "HTTP/1."
	if len(line) < len("HTTP/1.1 200") || line[:len(form)] != form || line[8] != ' ' {
		return errStatus
	}
	for _, i := range []int{7, 9, 10, 11} {
		if line[i] < '0' || line[i] > '9' {
			return errStatus
		}
	}
	if len(line) > 12 && line[12] != ' ' || strict.ValueLen(line) != len(line) {
		return errStatus
	}
	h.minor = min(int(line[7]-'0'), 1) // a newer one is to be read as this (2.3)
	h.status = int(line[9]-'0')*100 + int(line[10]-'0')*10 + int(line[11]-'0')
	if h.status < 100 {
		return errStatus
	}
	h.reason = line[9:]
	return nil
}

// parseFields reads field lines up to the empty line, into h if there is one.
func parseFields(text string, h http.Header) (http.Header, error) {
	n := strings.Count(text, "\n") - 1
	if h == nil {
		h = make(http.Header, n)
	}
	values := make([]string, 0, n) // one piece of memory for what is mostly one value each
	for text != "\r\n" {
		if text == "" || text[0] == ' ' || text[0] == '\t' {
			return nil, errFolded
		}
		at := strict.TokenLen(text)
		if at == 0 || at == len(text) || text[at] != ':' {
			return nil, errName
		}
		name := text[:at]
		text = text[at+1:]
		end := strict.ValueLen(text)
		if end+1 >= len(text) || text[end] != '\r' || text[end+1] != '\n' {
			return nil, errValue
		}
		value := strings.Trim(text[:end], " \t")
		text = text[end+2:]
		name = http.CanonicalHeaderKey(name)
		if had := h[name]; had != nil {
			h[name] = append(had, value)
			continue
		}
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return h, nil
}
