package config

import (
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// urlFile is where Problems of a URL say they are; Col counts its characters.
const urlFile = "URL"

// urlSchemes begin what FromURL reads; they mean the same, as in libpq.
var urlSchemes = []string{"postgres://", "postgresql://"}

// IsURL tells whether an argument is meant for FromURL rather than for Load.
func IsURL(arg string) bool {
	return slices.ContainsFunc(urlSchemes, func(s string) bool { return strings.HasPrefix(arg, s) })
}

// FromURL makes the Config of a libpq connection URL: one cluster named for the
// database with the URL's hosts as nodes, and one user, whose name and password
// both let a client in and log wye in to the servers. Beside libpq's sslmode,
// sslrootcert, sslcert, sslkey, sslnegotiation, connect_timeout and
// application_name it takes pool_size, pool_mode and so on for each setting of
// pool, listen (an address), and max_clients. Problems never show the password.
func FromURL(raw string) (*Config, []Problem) {
	u := &urlReader{decoder: newDecoder(outside{}, urlFile), raw: raw}
	u.loose = true
	c := new(Config)
	setDefaults(reflect.ValueOf(c).Elem())
	if u.split() {
		u.group(u.tree(), "", reflect.ValueOf(c).Elem(), "")
	}
	return u.finish(c)
}

// piece is a part of the URL and the byte at which it begins.
type piece struct {
	text string
	from int
}

type urlReader struct {
	*decoder
	raw                      string
	user, password, database piece
	hosts, ports             piece
	params                   [][2]piece
}

// split cuts the URL into its pieces; net/url cannot, for want of several
// hosts. It stops at what may be a password with unescaped characters in it,
// because any message about the pieces would show them.
func (u *urlReader) split() bool {
	i := slices.IndexFunc(urlSchemes, func(s string) bool { return strings.HasPrefix(u.raw, s) })
	if i < 0 {
		u.errorf(u.place(0), "not a URL of PostgreSQL; write postgres://user:password@host/database")
		return false
	}
	from := len(urlSchemes[i])
	rest := u.raw[from:]
	end := len(rest)
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		end = i
	}
	authority, tail := piece{rest[:end], from}, piece{rest[end:], from + end}
	path, query := cut(tail, "?")
	path.text, path.from = strings.TrimPrefix(path.text, "/"), path.from+1
	if strings.ContainsAny(path.text, "@/") || (authority.text != "" && !strings.Contains(authority.text, "@") && strings.Contains(query.text, "@")) {
		u.errorf(u.place(from), "the URL cannot be taken apart; in a user name or password write %%2F for /, %%3F for ? and %%40 for @")
		return false
	}
	u.hosts = authority
	if at := strings.LastIndexByte(authority.text, '@'); at >= 0 {
		u.user, u.password = cut(piece{authority.text[:at], from}, ":")
		u.hosts = piece{authority.text[at+1:], from + at + 1}
	}
	u.database = path
	return u.readParams(query)
}

// cut is strings.Cut that knows where the pieces are.
func cut(p piece, sep string) (before, after piece) {
	b, a, _ := strings.Cut(p.text, sep)
	return piece{b, p.from}, piece{a, p.from + len(b) + len(sep)}
}

// readParams splits the query. The five that say the same as the URL's front
// part go there, as in libpq.
func (u *urlReader) readParams(query piece) bool {
	front := map[string]*piece{"user": &u.user, "password": &u.password, "host": &u.hosts, "port": &u.ports, "dbname": &u.database}
	for query.text != "" {
		var p piece
		p, query = cut(query, "&")
		key, value := cut(p, "=")
		if strings.Contains(key.text, "@") {
			u.errorf(u.place(key.from), "the URL cannot be taken apart; in a user name or password write %%3F for ? and %%40 for @")
			return false
		}
		if part, ok := front[key.text]; ok {
			*part = value
		} else if key.text != "" {
			u.params = append(u.params, [2]piece{key, value})
		}
	}
	for _, p := range []*piece{&u.user, &u.password, &u.hosts, &u.ports, &u.database} {
		u.unescape(p)
	}
	return !u.failed && u.complete()
}

func (u *urlReader) complete() bool {
	const form = "write postgres://user:password@host/database"
	switch {
	case u.user.text == "":
		u.errorf(u.place(0), "the URL has no user; %s", form)
	case u.password.text == "":
		u.errorf(u.place(0), "the URL has no password, which clients will be asked for; %s", form)
	case u.hosts.text == "":
		u.errorf(u.place(0), "the URL has no host; %s", form)
	}
	if u.database.text == "" {
		u.database = u.user // libpq's default
	}
	return !u.failed
}

func (u *urlReader) unescape(p *piece) {
	text, err := url.PathUnescape(p.text)
	if err != nil || !utf8.ValidString(text) {
		u.errorf(u.place(p.from), "a %% is not followed by two hex digits, or they are not UTF-8; write %%25 for %% itself")
		return
	}
	p.text = text
}

func (u *urlReader) place(from int) pos {
	from = min(from, len(u.raw))
	return pos{urlFile, 1, utf8.RuneCountInString(u.raw[:from]) + 1}
}

// nodes makes the list of addresses. libpq takes a host that begins with / as the
// folder of a socket, and 5432 where no port is given.
func (u *urlReader) nodes() *node {
	list := &node{kind: listNode, at: u.place(u.hosts.from)}
	ports := strings.Split(u.ports.text, ",")
	from := u.hosts.from
	for i, host := range strings.Split(u.hosts.text, ",") {
		at := u.place(from)
		from += len(host) + 1
		port := ports[min(i, len(ports)-1)]
		if port == "" {
			port = "5432"
		}
		if strings.HasPrefix(host, "/") {
			host = fmt.Sprintf("%s%s/%s%s", unixPrefix, strings.TrimSuffix(host, "/"), socketPrefix, port)
		} else if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		list.items = append(list.items, &node{at: at, text: host})
	}
	return list
}
