package httpproxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Rewrite is what is changed of requests on their way to servers, and of
// answers. At most one of Path, Prefix and Like changes the path.
type Rewrite struct {
	Host    string         // in place of the client's
	Path    string         // the whole path, decoded
	Prefix  string         // in place of Match.Path, a prefix; begins with /
	Like    *regexp.Regexp // of the decoded path; With takes the place of the first match, $1 in it of a group
	With    string
	Request Fields
	Answer  Fields
}

// Fields are changes to a head. They are made in this order.
type Fields struct {
	Remove []string
	Set    []Field
	Add    []Field
}

// Field is one field line.
type Field struct{ Name, Value string }

// Redirect sends clients elsewhere, with the path that Rewrite makes and the
// query as it came.
type Redirect struct {
	Status int    // 301, 302, 303, 307 or 308 (default)
	Scheme string // "" as it came
	Host   string // with port; "" as it came
}

// hopByHop are not a rewrite's business, and those that frame even less.
var hopByHop = []string{"Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func (w *Rewrite) check(m *rule) error {
	ways := 0
	for _, given := range []bool{w.Path != "", w.Prefix != "", w.Like != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return errors.New("rewrite: one of path, prefix and regexp")
	case w.Prefix != "" && (m.Kind != Prefix || m.Path == ""):
		return errors.New("rewrite: a prefix takes the place of the prefix that the route matches: it has none")
	case w.Path != "" && w.Path[0] != '/', w.Prefix != "" && w.Prefix[0] != '/':
		return errors.New("rewrite: paths begin with /")
	}
	for _, fs := range []*Fields{&w.Request, &w.Answer} {
		for i, n := range fs.Remove {
			fs.Remove[i] = http.CanonicalHeaderKey(n)
		}
		for _, list := range [][]Field{fs.Set, fs.Add} {
			for i, f := range list {
				list[i].Name = http.CanonicalHeaderKey(f.Name)
				if slices.Contains(hopByHop, list[i].Name) || strings.ContainsAny(f.Value, "\r\n\x00") {
					return fmt.Errorf("rewrite: field %s cannot be set", f.Name)
				}
			}
		}
	}
	return nil
}

func (w *Rewrite) request(out *http.Request, m *rule) {
	if w.Host != "" {
		out.Host = w.Host
	}
	w.path(out.URL, m)
	w.Request.apply(out.Header)
}

// path changes u, which is the request's own. Where a client had escaped what
// needs no escaping, that is kept as far as the text of the path is.
func (w *Rewrite) path(u *url.URL, m *rule) {
	switch {
	case w.Path != "":
		u.Path, u.RawPath = w.Path, ""
	case w.Prefix != "":
		raw := u.EscapedPath()
		u.Path = joined(w.Prefix, strings.TrimPrefix(u.Path, m.Path))
		if rest, ok := strings.CutPrefix(raw, m.Path); ok {
			u.RawPath = joined((&url.URL{Path: w.Prefix}).EscapedPath(), rest)
		} else {
			u.RawPath = ""
		}
	case w.Like != nil:
		at := w.Like.FindStringSubmatchIndex(u.Path)
		if at == nil {
			return
		}
		made := w.Like.ExpandString([]byte(u.Path[:at[0]]), w.With, u.Path, at)
		u.Path, u.RawPath = string(made)+u.Path[at[1]:], ""
		if !strings.HasPrefix(u.Path, "/") {
			u.Path = "/" + u.Path
		}
	}
}

// joined puts a path together with one slash at the seam.
func joined(prefix, rest string) string {
	switch {
	case rest == "":
		return prefix
	case strings.HasSuffix(prefix, "/"):
		return prefix + strings.TrimPrefix(rest, "/")
	case rest[0] != '/':
		return prefix + "/" + rest
	}
	return prefix + rest
}

func (f *Fields) apply(h http.Header) {
	for _, name := range f.Remove {
		delete(h, name)
	}
	for _, l := range f.Set {
		h[l.Name] = []string{l.Value}
	}
	for _, l := range f.Add {
		h[l.Name] = append(h[l.Name], l.Value)
	}
}

// redirect answers with the place to go to.
func (v *visit) redirect() {
	d, u := v.route.Redirect, *v.in.URL
	v.route.Rewrite.path(&u, v.route.rule)
	u.Scheme, u.Host = d.Scheme, or(d.Host, v.in.Host)
	if u.Scheme == "" {
		u.Scheme = "http"
		if v.secure() {
			u.Scheme = "https"
		}
	}
	h := v.Header()
	h.Set("Location", u.String())
	h.Set("Content-Length", "0")
	v.route.Rewrite.Answer.apply(h)
	v.WriteHeader(or(d.Status, http.StatusPermanentRedirect))
}
