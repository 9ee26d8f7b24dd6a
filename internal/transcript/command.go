package transcript

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// command runs a line that is not a message. Only startup prints something.
func (p *player) command(verb, name string, rest []token) ([]string, error) {
	switch verb {
	case "@":
		p.current = name
		if p.conns[name] != nil {
			return nil, nil
		}
		return nil, p.open(name, nil)
	case "open":
		return nil, p.open(name, rest)
	case "startup":
		messages, err := p.startup(name, rest)
		lines := p.print(messages)
		if c := p.conns[name]; c != nil && c.closed {
			lines = append(lines, "closed")
		}
		return lines, err
	case "dial":
		err := p.dial(name, User, Password)
		if err == nil && len(rest) > 0 { // dial NAME noauth
			p.conns[name].login.mute = true
		}
		return nil, err
	case "sleep":
		d, err := time.ParseDuration(name)
		time.Sleep(d)
		return nil, err
	}
	c := p.conns[name]
	if c == nil {
		return nil, fmt.Errorf("connection %s is not open", name)
	}
	if verb == "close" {
		c.drop()
		return nil, nil
	}
	key := slices.Clone(c.key)
	if len(rest) > 0 && len(key) > 0 { // cancel NAME wrong
		key[len(key)-1] ^= 1
	}
	return nil, cancel(p.target.Addr, key)
}

func (p *player) dial(name, user, password string) error {
	if old := p.conns[name]; old != nil {
		old.drop()
	}
	c, err := dial(p.target.Addr, user, password)
	if err != nil {
		return err
	}
	p.conns[name], p.current = c, name
	return nil
}

// open logs in and expects to be let in.
func (p *player) open(name string, params []token) error {
	messages, err := p.startup(name, params)
	if err == nil && p.conns[name].closed {
		err = errors.New("not let in")
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.Join(p.print(messages), " | "))
	}
	return nil
}

// startup sends a StartupMessage with user and database in front, unless the
// line names its own, and reads to the first Z or the close. password=x is not
// sent: it is what authentication is answered with.
func (p *player) startup(name string, params []token) ([]received, error) {
	params = slices.Clone(params)
	withDefault(&params, "database", Database)
	user := withDefault(&params, "user", User)
	password := withDefault(&params, "password", Password)
	params = slices.DeleteFunc(params, func(t token) bool { return strings.HasPrefix(t.text, "password=") })
	if err := p.dial(name, user, password); err != nil {
		return nil, err
	}
	c, a := p.conns[name], args{toks: params}
	out := a.startup()
	if a.err != nil {
		return nil, a.err
	}
	if _, err := c.net.Write(out); err != nil {
		return nil, err
	}
	return c.read(wait{"Z", 1})
}

// withDefault puts key=value in front unless params has the key. It returns
// the value that holds.
func withDefault(params *[]token, key, value string) string {
	for _, t := range *params {
		if k, v, _ := strings.Cut(t.text, "="); k == key {
			return v
		}
	}
	*params = append([]token{{kind: 'w', text: key + "=" + value}}, *params...)
	return value
}

// execute runs simple queries on a private connection, as User.
func execute(addr string, queries []string) error {
	if len(queries) == 0 {
		return nil
	}
	p := &player{file: &File{}, target: Target{Addr: addr}, conns: map[string]*conn{}}
	defer p.dropAll()
	if err := p.open("setup", nil); err != nil {
		return err
	}
	for _, q := range queries {
		c := p.conns["setup"]
		if _, err := c.net.Write(frame('Q', cstring(q))); err != nil {
			return err
		}
		messages, err := c.read(wait{"Z", 1})
		if err != nil {
			return err
		}
		for _, m := range messages {
			if m.typ == 'E' {
				return fmt.Errorf("%s: %s", q, printed('E', m.body))
			}
		}
	}
	return nil
}
