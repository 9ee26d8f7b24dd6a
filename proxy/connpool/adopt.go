package connpool

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Adopt gives the server's session exactly the parameters of want, in one
// round trip, or none when it has them already. A *pgerror.Error means that
// the server refuses a value: the conn is as it was. After any other error
// the conn is doomed, and another one may do.
func (c *Conn) Adopt(want Params) error {
	if c.Params == want {
		return nil
	}
	changes := c.Params.ChangesTo(want)
	for first := true; len(changes) > 0; first = false {
		n := min(len(changes), maxChanges)
		if err := c.adoptSome(changes[:n]); err != nil {
			if !first {
				c.Doom() // an earlier round has been applied
			}
			return err
		}
		changes = changes[n:]
	}
	c.Params = want
	return nil
}

// adoptSome runs one round. The parameters of whoever had the conn before
// still hold meanwhile: a statement_timeout of theirs is not this client's
// error.
func (c *Conn) adoptSome(changes []Change) error {
	_, err := c.Ask(setConfig(changes), nil)
	if e, ok := err.(*pgerror.Error); ok && e.Code == pgerror.QueryCanceled {
		c.Doom()
		return fmt.Errorf("setting parameters: %s", e.Error())
	}
	return err
}

// Apply sets parameters without changing what the conn is known to have: in
// a transaction whose end decides. It uses SET, since a SELECT would take the
// transaction's snapshot, after which its isolation level is fixed.
func (c *Conn) Apply(changes []Change) error {
	var sql []byte
	for _, ch := range changes {
		if ch.Value == nil || !asciiOnly(*ch.Value) {
			_, err := c.Ask(setConfig(changes), nil)
			return err
		}
		sql = appendSet(sql, ch.Name, *ch.Value)
	}
	_, err := c.Ask(protocol.AppendQuery(nil, string(sql)), nil)
	return err
}

// maxChanges keeps one set_config statement within PostgreSQL's limit of
// 1664 result columns, with room, and its answer to one message short.
const maxChanges = 500

// setConfig builds one statement for all changes. Values travel as bind
// arguments: list parameters need no quoting, and nothing a client chose
// becomes SQL (CVE-2025-12819). A NULL value resets.
func setConfig(changes []Change) []byte {
	var sql strings.Builder
	args := make([]*string, 0, 2*len(changes))
	sql.WriteString("select ")
	for i, ch := range changes {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString("pg_catalog.set_config($" + strconv.Itoa(2*i+1) + ",$" + strconv.Itoa(2*i+2) + ",false)")
		args = append(args, &ch.Name, ch.Value)
	}
	return protocol.AppendTextQuery(nil, sql.String(), args...)
}

// Current asks the server for the named parameters and returns known with
// them: with its value if it is set in the server's session, without it if it
// has its default or does not exist. Of custom parameters (with a dot) the
// server does not tell which; those count as set.
func (c *Conn) Current(known Params, names []string) (Params, error) {
	for len(names) > 0 {
		n := min(len(names), maxChanges)
		var err error
		if known, err = c.current(known, names[:n]); err != nil {
			return known, err
		}
		names = names[n:]
	}
	return known, nil
}

func (c *Conn) current(known Params, names []string) (Params, error) {
	var sql strings.Builder
	args := make([]*string, 0, len(names))
	sql.WriteString("select ")
	for i := range names {
		if i > 0 {
			sql.WriteString(", ")
		}
		n := "$" + strconv.Itoa(i+1)
		sql.WriteString("pg_catalog.current_setting(" + n + ",true), " +
			"(select source from pg_catalog.pg_settings where pg_catalog.lower(name) operator(pg_catalog.=) " + n + ")")
		args = append(args, &names[i])
	}
	var value []byte
	_, err := c.Ask(protocol.AppendTextQuery(nil, sql.String(), args...), func(i int, v []byte) {
		switch {
		case i >= 2*len(names):
		case i%2 == 0:
			value = v
		case value == nil || isDefaultRole(names[i/2], value) || v != nil && string(v) != "session":
			known = known.Without(names[i/2])
		default:
			known = known.With(names[i/2], string(value))
		}
	})
	return known, err
}

// CurrentAll asks the server for every parameter that was set in its
// session, for when a statement may have set any. The view it asks leaves out
// custom parameters: those that are known of are named by the caller.
func (c *Conn) CurrentAll(custom []string) (Params, error) {
	var name string
	m := map[string]string{}
	_, err := c.Ask(protocol.AppendTextQuery(nil, sessionSettings), func(i int, v []byte) {
		if i == 0 {
			name = lower(string(v))
		} else if !isDefaultRole(name, v) {
			m[name] = string(v)
		}
	})
	if err != nil {
		return Params{}, err
	}
	return c.Current(fromMap(m), custom)
}

func isDefaultRole(name string, value []byte) bool {
	return lower(name) == roleName && string(value) == "none"
}

// current_setting rather than pg_settings.setting: the latter has no unit.
// The view leaves out role (GUC_NO_SHOW_ALL). What begins with transaction_
// and is no timeout belongs to the current transaction.
const sessionSettings = `select name, pg_catalog.current_setting(name) from pg_catalog.pg_settings where source operator(pg_catalog.=) 'session' and name operator(pg_catalog.<>) all (array['transaction_isolation', 'transaction_read_only', 'transaction_deferrable']) union all select 'role', pg_catalog.current_setting('role')`

// Clean makes the server session like new, in one round trip. It is for a
// conn whose session may have left anything behind.
func (c *Conn) Clean() error {
	request := protocol.AppendQuery(nil, "DISCARD ALL")
	if c.Status != protocol.TxIdle {
		if _, err := c.Ask(protocol.AppendQuery(nil, "ROLLBACK"), nil); err != nil {
			c.Doom()
			return err
		}
	}
	if _, err := c.Ask(request, nil); err != nil {
		c.Doom()
		return err
	}
	c.Params = Params{}
	c.ForgetAll()
	return nil
}
