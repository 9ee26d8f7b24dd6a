package httpproxy

import (
	"bufio"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// precedence has a row for each rule of docs/http.md, Which route takes a
// request: the routes in the order of the file, then requests and which they
// take. A route is a name and what it wants: host= path= exact= regexp= method=
// header= query= cookie=; a request is a method, host and target, and fields.
const precedence = `
# The host decides first: in full, then the longest wildcard, then any.
any path=/very/long/path/indeed
wild host=*.example
longer host=*.shop.example
full host=eu.shop.example
> GET eu.shop.example /very/long/path/indeed = full
> GET EU.SHOP.EXAMPLE:8080 / = full
> GET eu.shop.example. / = full
> GET us.shop.example / = longer
> GET a.b.shop.example / = longer
> GET shop.example / = wild
> GET example /very/long/path/indeed = any
> GET other /very/long/path/indeed/x = any
> GET other / = none
> GET notshop.example / = wild
> GET aexample / = none

# A host that does not take the path leaves the request to the next.
wild host=*.example
full host=a.example path=/x
any
> GET a.example /x/y = full
> GET a.example /y = wild
> GET b.other /y = any

# Then the path: exact, then regexp, then the longest prefix, then any.
any
short path=/a
long path=/a/b
like regexp=/a/b/[0-9]+
exact exact=/a/b/7
> GET h /a/b/7 = exact
> GET h /a/b/8 = like
> GET h /a/b/x = long
> GET h /a/b/8/x = long
> GET h /a/c = short
> GET h /ab = any
> GET h /A = any
> GET h / = any

# Prefixes are whole segments; one that ends in a slash does not take its bare name.
dir path=/d/
name path=/n
root path=/
> GET h /d = root
> GET h /d/ = dir
> GET h /d/x = dir
> GET h /n = name
> GET h /n/ = name
> GET h /nn = root

# Regular expressions are of the whole path, in the order of the file.
first regexp=/[a-z]+
second regexp=/[a-z0-9]+
> GET h /abc = first
> GET h /abc9 = second
> GET h /abc/ = none

# Paths are compared decoded.
exact exact=/a b
prefix path=/\u00e9
> GET h /a%20b = exact
> GET h /%61%20b = exact
> GET h /%C3%A9/x = prefix
> GET h /a%2520b = none

# Then more conditions, of any kind; each must hold.
any
one method=POST
two method=POST header=X-Kind=a
three method=POST header=X-Kind=a query=debug
four method=POST header=X-Kind=a query=debug cookie=beta=1
> GET h / = any
> POST h / = one
> POST h / X-Kind: a = two
> POST h / X-Kind: b = one
> POST h /?debug X-Kind: a = three
> POST h /?debug=0 X-Kind: a; Cookie: beta=1 = four
> POST h /?debug=0 X-Kind: a; Cookie: beta=2 = three
> GET h /?debug X-Kind: a; Cookie: beta=1 = any

# The path before the conditions.
conditions path=/a header=X-A query=b cookie=c
deeper path=/a/b
> GET h /a/b?b X-A: 1; Cookie: c=1 = deeper
> GET h /a/c?b X-A: 1; Cookie: c=1 = conditions
> GET h /a/c = none

# A condition wants a name, a value, or a pattern somewhere in one.
there header=X-A
> GET h / x-a: = there
> GET h / X-B: 1 = none

# One of several values of a name is enough, of headers, queries and cookies.
header header=X-A=2
query query=a=2
cookie cookie=a=2
like header=X-B~^b+$
> GET h / X-A: 1; X-A: 2 = header
> GET h / X-A: 1, 2 = none
> GET h /?a=1&a=2 = query
> GET h /?a=%32 = query
> GET h / Cookie: a=1; Cookie: a=2 = cookie
> GET h / X-B: bbb = like
> GET h / X-B: bab = none

# Last, the place in the file.
first path=/a header=X-A
second path=/a query=b
> GET h /a?b X-A: 1 = first
> GET h /a?b = second

# Several hosts or methods of one route are alternatives.
both host=a.example,*.b.example method=GET,HEAD
> HEAD a.example / = both
> GET x.b.example / = both
> GET b.example / = none
> PUT a.example / = none
`

func TestPrecedence(t *testing.T) {
	rows := 0
	for block := range strings.SplitSeq(strings.TrimSpace(precedence), "\n\n") {
		rule, rest, _ := strings.Cut(block, "\n")
		t.Run(strings.TrimPrefix(rule, "# "), func(t *testing.T) {
			var rs []*route
			for line := range strings.SplitSeq(rest, "\n") {
				if ask, ok := strings.CutPrefix(line, "> "); ok {
					checkRow(t, newTable(rs), ask)
					rows++
					continue
				}
				rs = append(rs, readRoute(t, line))
			}
		})
	}
	if rows != strings.Count(precedence, "\n> ") {
		t.Errorf("%d rows were looked at", rows)
	}
}

// conditionOf reads name, name=value or name~pattern.
func conditionOf(text string) []Condition {
	if name, like, ok := strings.Cut(text, "~"); ok {
		return []Condition{{Name: name, Like: regexp.MustCompile(like)}}
	}
	name, value, _ := strings.Cut(text, "=")
	return []Condition{{Name: name, Value: value}}
}

func readRoute(t *testing.T, line string) *route {
	t.Helper()
	line = strings.ReplaceAll(line, "/a b", "/a\x00b") // a path with a space
	words := strings.Fields(line)
	r := &route{Route: Route{Name: words[0]}}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(strings.ReplaceAll(w, "\x00", " "), "=")
		value = strings.ReplaceAll(value, `\u00e9`, "\u00e9")
		switch m := &r.Match; key {
		case "host":
			m.Hosts = strings.Split(value, ",")
		case "method":
			m.Methods = strings.Split(value, ",")
		case "path":
			m.Path = value
		case "exact":
			m.Path, m.Kind = value, Exact
		case "regexp":
			m.Path, m.Kind = value, Regexp
		case "header":
			m.Headers = conditionOf(value)
		case "query":
			m.Queries = conditionOf(value)
		case "cookie":
			m.Cookies = conditionOf(value)
		default:
			t.Fatalf("no such condition: %s", w)
		}
	}
	var err error
	if r.rule, err = newRule(r.Match); err != nil {
		t.Fatal(err)
	}
	return r
}

// checkRow reads a request as a server would, and looks up its route.
func checkRow(t *testing.T, table *table, row string) {
	t.Helper()
	at := strings.LastIndex(row, " = ")
	words := strings.SplitN(row[:at], " ", 4)
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n", words[0], words[2], words[1])
	if len(words) > 3 {
		text += strings.ReplaceAll(words[3], "; ", "\r\n") + "\r\n"
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text + "\r\n")))
	if err != nil {
		t.Fatalf("%s: %v", row, err)
	}
	got := "none"
	if ro := table.find(r); ro != nil {
		got = ro.Name
	}
	if want := row[at+3:]; got != want {
		t.Errorf("%s took %s, want %s", row[:at], got, want)
	}
}
