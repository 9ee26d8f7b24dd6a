package h1serve

import (
	"bytes"
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// badRequest is why a request that is framed well is refused all the same.
type badRequest struct {
	status int
	why    string
}

func (b badRequest) Error() string { return b.why }

// request makes a request of its head, whose bytes are not kept, and readies
// the answer.
func (c *conn) request(head []byte) (*response, error) {
	text := string(head) // one allocation; all that follows are parts of it
	line, fields, _ := strings.Cut(text, "\r\n")
	method, rest, _ := strings.Cut(line, " ")
	target, proto, _ := strings.Cut(rest, " ")
	a := &asked{life: life{Context: c.base}}
	w := c.response()
	w.req, w.isHead = a, method == http.MethodHead
	r := &a.Request
	*r = *(&http.Request{
		Method: method, RequestURI: target, Proto: proto, ProtoMajor: 1, ProtoMinor: int(proto[len(proto)-1] - '0'),
		RemoteAddr: c.remote, TLS: c.tls, Body: http.NoBody,
	}).WithContext(&a.life) // a copy that stays on the stack
	if r.URL = &a.url; parseTarget(r.URL, method, target) != nil {
		return nil, badRequest{400, "the target makes no sense"}
	}
	r.Header = parseFields(fields, bytes.Count(head, headEnd[:2])-2)
	if err := c.frame(w); err != nil {
		return nil, err
	}
	r.Host = r.URL.Host
	if hosts := r.Header["Host"]; len(hosts) == 1 && r.Host == "" {
		r.Host = hosts[0]
	}
	delete(r.Header, "Host")
	if !httpguts.ValidHostHeader(r.Host) {
		return nil, badRequest{400, "the Host field makes no sense"}
	}
	w.one = r.ProtoMinor == 0
	w.close = hasToken(r.Header["Connection"], "close") || w.one && !hasToken(r.Header["Connection"], "keep-alive")
	r.Close = w.close
	return w, nil
}

// parseFields reads n field lines, which are known to be well-formed.
func parseFields(text string, n int) http.Header {
	h := make(http.Header, n)
	values := make([]string, n) // one allocation for all that come once
	for len(text) > 2 {
		var line string
		line, text, _ = strings.Cut(text, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		name, value = textproto.CanonicalMIMEHeaderKey(name), strings.Trim(value, " \t")
		if had := h[name]; had != nil || len(values) == 0 {
			h[name] = append(had, value)
			continue
		}
		values[0] = value
		h[name] = values[:1:1]
		values = values[1:]
	}
	return h
}

// frame finds out how the body is framed, and what is said of it.
func (c *conn) frame(w *response) error {
	r := &w.req.Request
	if te := r.Header["Transfer-Encoding"]; te != nil {
		if !strings.EqualFold(te[0], "chunked") {
			return badRequest{501, "no transfer coding but chunked is known"}
		}
		delete(r.Header, "Transfer-Encoding")
		r.TransferEncoding, r.ContentLength = []string{"chunked"}, -1
		w.body = &body{c: c, w: w, chunked: true}
		names, err := trailerNames(r.Header["Trailer"])
		if err != nil {
			return err
		}
		delete(r.Header, "Trailer")
		r.Trailer = names
	} else if l := r.Header["Content-Length"]; l != nil {
		first, _, _ := strings.Cut(l[0], ",") // several are the same, or a fault
		n, err := strconv.ParseInt(strings.TrimRight(first, " \t"), 10, 64)
		if err != nil {
			return badRequest{400, "the Content-Length makes no sense"}
		}
		if r.ContentLength = n; n > 0 {
			w.body = &body{c: c, w: w, left: n}
		}
	}
	if w.body != nil {
		r.Body = w.body
	}
	switch e := r.Header["Expect"]; {
	case len(e) == 0 || r.ProtoMinor == 0:
	case hasToken(e, "100-continue"):
		w.expects = w.body != nil
	default:
		return badRequest{417, "nothing but 100-continue can be expected"}
	}
	return nil
}

// trailerNames are what a client says that will come after the body; not what
// frames messages (RFC 9110, 6.5.1).
func trailerNames(values []string) (http.Header, error) {
	var h http.Header
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = textproto.CanonicalMIMEHeaderKey(strings.Trim(name, " \t"))
			switch name {
			case "":
				continue
			case "Transfer-Encoding", "Trailer", "Content-Length":
				return nil, badRequest{400, fmt.Sprintf("%s can not be in a trailer", name)}
			}
			if h == nil {
				h = make(http.Header)
			}
			h[name] = nil
		}
	}
	return h, nil
}

// hasToken says whether a list has the token, in any case.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		if strings.EqualFold(v, token) || strings.Contains(v, ",") && httpguts.HeaderValuesContainsToken([]string{v}, token) {
			return true
		}
	}
	return false
}
