package h1serve

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// handlers are what both servers are asked for, by path.
var handlers = map[string]http.HandlerFunc{
	"/tell":    tell,
	"/nothing": func(http.ResponseWriter, *http.Request) {},
	"/204":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
	"/304": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"x"`)
		w.WriteHeader(304)
	},
	"/known": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "12345")
	},
	"/large": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		for range 10 {
			_, _ = io.WriteString(w, strings.Repeat("0123456789", 1000))
		}
	},
	"/unknown": func(w http.ResponseWriter, _ *http.Request) {
		for i := range 300 {
			fmt.Fprintf(w, "line %d of a length that nobody said\n", i)
		}
	},
	"/flushed": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "b")
	},
	"/trailed": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum, X-None")
		_, _ = io.WriteString(w, "a")
		w.Header().Set("X-Sum", "1")
		w.Header().Set(http.TrailerPrefix+"X-Late", "2")
	},
	"/fewer": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "50")
		_, _ = io.WriteString(w, "12345")
	},
	"/more": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "12345")
		_, err := io.WriteString(w, "6")
		if !errors.Is(err, http.ErrContentLength) {
			panic(fmt.Sprint("more than was said: ", err))
		}
	},
	"/close": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, "bye")
	},
	"/injected": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-A", "1\r\nX-B: 2") },
	"/panic":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"/half": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half of it")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	},
	"/unread": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "no matter") },
	"/status": func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.RawQuery)
		w.WriteHeader(n)
		w.WriteHeader(500)
	},
	"/early": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(103)
		w.WriteHeader(103)
		_, _ = io.WriteString(w, "late")
	},
}

func handle(w http.ResponseWriter, r *http.Request) {
	w.Header()["Content-Type"] = nil // net/http would guess one
	if h := handlers[r.URL.Path]; h != nil {
		h(w, r)
		return
	}
	tell(w, r)
}

// dialogs are what clients say, a request after the other.
var dialogs = []string{
	"GET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /tell?a=b;c&%zz HTTP/1.1\r\nhost: a:80\r\nX-A: 1\r\nx-a:  2 \r\nX-Empty:\r\nCookie: a=b\r\n\r\n",
	"GET http://b/tell?x HTTP/1.1\r\nHost: a\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /a%2Fb/../c HTTP/1.1\r\nHost: \r\n\r\n",
	"GET // HTTP/1.1\r\nHost: a\r\n\r\n",
	"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
	"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
	"GET /tell HTTP/1.0\r\n\r\n",
	"GET /tell HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /unknown HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	"GET /flushed HTTP/1.0\r\n\r\n",
	"GET /trailed HTTP/1.0\r\n\r\n",
	"GET /tell HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345GET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + strings.Repeat("abc", 1000) + "GET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n1;x=y\r\n6\r\n0\r\n\r\nGET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T, X-U\r\n\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX-T: 1\r\nX-V: 2\r\n\r\nGET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123456\r\n0\r\n\r\n",
	"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345GET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /unread HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\nGET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /tell HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n12345",
	"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
	"GET /tell HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\nGET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /tell HTTP/1.1\r\nHost: a\r\nExpect: something\r\n\r\n",
	"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\nHEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\nGET /known HTTP/1.1\r\nHost: a\r\n\r\nHEAD /known HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /204 HTTP/1.1\r\nHost: a\r\n\r\nGET /304 HTTP/1.1\r\nHost: a\r\n\r\nGET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /unknown HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /flushed HTTP/1.1\r\nHost: a\r\n\r\nGET /trailed HTTP/1.1\r\nHost: a\r\n\r\nGET /more HTTP/1.1\r\nHost: a\r\n\r\nGET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /close HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /injected HTTP/1.1\r\nHost: a\r\n\r\nGET /status?404 HTTP/1.1\r\nHost: a\r\n\r\nGET /early HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /half HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /fewer HTTP/1.1\r\nHost: a\r\n\r\n",
	"\r\nGET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /tell HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n",
	"GET /tell HTTP/1.1\r\nHost : a\r\n\r\n",
	"GET /tell HTTP/1.1\nHost: a\n\n",
	"GET /tell HTTP/1.1\r\nX-Long: " + strings.Repeat("long ", 2000) + "\r\nHost: a\r\n\r\nGET /tell HTTP/1.1\r\nHost: a\r\n\r\n",
}

// leftovers is a dialog in which each answer has something that the next one
// has not.
func leftovers() string {
	var text strings.Builder
	for _, target := range []string{"/trailed", "/304", "/injected", "/status?404", "/early", "/known", "/flushed", "/unknown", "/more", "/204"} {
		fmt.Fprintf(&text, "GET %s HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\nHEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\nGET /tell HTTP/1.1\r\nHost: b\r\n\r\n", target)
		text.WriteString("GET /tell HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	return text.String()
}

// TestOracle holds that clients hear the same from us as from net/http's
// server, whether they say all at once or byte by byte, and whether or not the
// conn's requests have one ResponseWriter.
func TestOracle(t *testing.T) {
	oracle := startOracle(t, handle)
	t.Run("anew", func(t *testing.T) { sayAll(t, start(t, &Server{}, handle), oracle) })
	t.Run("reused", func(t *testing.T) {
		sayAll(t, start(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
			handle(w, r)
			w.(*response).Reuse()
		}), oracle)
	})
}

func sayAll(t *testing.T, ours, oracle string) {
	for _, text := range append(dialogs, leftovers()) {
		want := dialog(t, oracle, text, len(text))
		if got := dialog(t, ours, text, len(text)); got != want {
			t.Errorf("after %.300q\ngot  %s\nwant %s", text, got, want)
		}
		if len(text) < 1000 {
			if got := dialog(t, ours, text, 1); got != want {
				t.Errorf("byte by byte, after %.300q\ngot  %s\nwant %s", text, got, want)
			}
		}
	}
}

// dialog says a text in pieces and writes down what is heard, in one form for
// what may differ.
func dialog(t *testing.T, addr, text string, piece int) string {
	t.Helper()
	c := call(t, addr)
	go func() {
		for part := range slices.Chunk([]byte(text), piece) {
			if _, err := c.TCPConn.Write(part); err != nil {
				return
			}
		}
		_ = c.CloseWrite()
	}()
	var heard strings.Builder
	for methods := methodsOf(text); ; {
		method := "GET"
		if len(methods) > 0 {
			method, methods = methods[0], methods[1:]
		}
		if !answer(&heard, c.Reader, method) {
			return heard.String()
		}
	}
}

// methodsOf are those of the requests in a dialog.
func methodsOf(text string) (all []string) {
	for r := bufio.NewReader(strings.NewReader(text)); ; {
		req, err := http.ReadRequest(r)
		if err != nil {
			return all
		}
		all = append(all, req.Method)
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return all
		}
	}
}

// answer writes one down, with the heads before it.
func answer(heard *strings.Builder, r *bufio.Reader, method string) bool {
	for {
		res, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			fmt.Fprintf(heard, "end\n")
			return false
		}
		body, err := io.ReadAll(res.Body)
		if res.StatusCode == 400 || res.StatusCode == 417 || res.StatusCode == 501 {
			fmt.Fprintf(heard, "%d\n", res.StatusCode) // says why, or does not
			return false
		}
		res.Header.Del("Date")
		fmt.Fprintf(heard, "%s %s length %d coding %v close %v\n", res.Proto, res.Status, res.ContentLength, res.TransferEncoding, res.Close)
		for _, name := range slices.Sorted(maps.Keys(res.Header)) {
			fmt.Fprintf(heard, "  %s: %q\n", name, res.Header[name])
		}
		if len(body) > 500 {
			body = fmt.Appendf(nil, "%d bytes, %x", len(body), sha256.Sum256(body))
		}
		fmt.Fprintf(heard, "  body %q, %v, trailer %q\n", body, err, res.Trailer)
		if res.StatusCode >= 200 {
			return err == nil
		}
	}
}
