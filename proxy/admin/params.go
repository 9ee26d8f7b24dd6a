package admin

import (
	"context"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/stats"
)

// param is a PostgreSQL parameter that a client may SHOW and SET on the
// console. The value is what the console does, and SET does not change it.
type param struct {
	name, value string
	reported    bool // as ParameterStatus after the login
	private     bool // the client's own business: SET is accepted without a notice
}

// params are the parameters that drivers report, read or set at connect.
// server_version begins with the PgBouncer version, as PgBouncer's does:
// libpq and psql take it for an old server and keep to what all servers know.
var params = []param{
	{name: "server_version", value: stats.Compatible + "/wye", reported: true},
	{name: "server_encoding", value: "UTF8", reported: true},
	{name: "client_encoding", value: "UTF8", reported: true},
	{name: "DateStyle", value: "ISO, MDY", reported: true},
	{name: "IntervalStyle", value: "postgres", reported: true},
	{name: "TimeZone", value: "GMT", reported: true},
	{name: "integer_datetimes", value: "on", reported: true},
	{name: "standard_conforming_strings", value: "on", reported: true},
	{name: "is_superuser", value: "on", reported: true},
	{name: "default_transaction_read_only", value: "off", reported: true},
	{name: "in_hot_standby", value: "off", reported: true},
	{name: "application_name", private: true},
	{name: "client_min_messages", value: "notice", private: true},
	{name: "extra_float_digits", value: "1", private: true},
	{name: "bytea_output", value: "hex", private: true},
	{name: "search_path", value: `"$user", public`, private: true},
	{name: "statement_timeout", value: "0"},
	{name: "lock_timeout", value: "0"},
	{name: "idle_in_transaction_session_timeout", value: "0"},
	{name: "default_transaction_isolation", value: "read committed"},
	{name: "transaction_isolation", value: "read committed"},
	{name: "transaction_read_only", value: "off"},
	{name: "synchronize_seqscans", value: "on"},
	{name: "row_security", value: "on"},
}

// lookupParam finds a parameter by the name that SHOW or SET gives it.
func lookupParam(name string) (param, bool) {
	switch strings.ToLower(name) {
	case "time zone":
		name = "TimeZone"
	case "names":
		name = "client_encoding"
	case "transaction isolation level":
		name = "transaction_isolation"
	}
	for _, p := range params {
		if strings.EqualFold(p.name, name) {
			return p, true
		}
	}
	return param{}, false
}

// parseSet accepts what drivers set at connect and says that it has no effect;
// wye's own settings live in the configuration file.
func parseSet(s *session, a *args) (*plan, error) {
	if a.take("session") && a.take("characteristics") || a.take("transaction") {
		a.rest = nil
		return setPlan(nil), nil
	}
	a.take("local")
	name, ok := a.name()
	if !ok {
		return nil, a.unexpected()
	}
	switch {
	case name.is("time") && a.take("zone"):
		name.text = "TimeZone"
	case name.is("names"):
	case !a.take("=") && !a.take("to"):
		return nil, a.unexpected()
	}
	if len(a.rest) == 0 {
		return nil, a.unexpected()
	}
	value := a.rest[0].text
	a.rest = nil
	p, ok := lookupParam(name.text)
	if !ok {
		return nil, notSettable(s, name.text)
	}
	if p.private || equalValue(p.value, value) {
		return setPlan(nil), nil
	}
	notice := pgerror.Newf("00000", "parameter %q has no effect on the console", p.name)
	notice.Severity = pgerror.SeverityNotice
	return setPlan(notice), nil
}

func setPlan(notice *pgerror.Error) *plan {
	return &plan{run: func(context.Context, *session) (answer, error) {
		return answer{tag: "SET", notice: notice}, nil
	}}
}

// equalValue knows that UTF-8 and utf8 are one encoding and that ISO is the
// first half of "ISO, MDY".
func equalValue(have, want string) bool {
	clean := func(s string) string {
		return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(s, "-", ""), " ", ""))
	}
	have, want = clean(have), clean(want)
	return have == want || strings.HasPrefix(have, want+",")
}

func notSettable(s *session, name string) *pgerror.Error {
	for _, row := range s.control.Snapshot().Config {
		if strings.EqualFold(row.Key, name) {
			return pgerror.Newf(pgerror.FeatureNotSupported, "setting %q cannot be changed on the console", row.Key).
				WithHint("Change it in the configuration file, then use RELOAD.")
		}
	}
	return pgerror.Newf(pgerror.UndefinedObject, "unrecognized configuration parameter %q", shorten(name)).
		WithHint("SHOW CONFIG lists the settings.")
}
