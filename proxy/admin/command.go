package admin

import (
	"context"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/stats"
)

// plan is one statement, understood and allowed, not yet run.
type plan struct {
	columns []stats.Column // nil: it answers no rows
	endsTx  bool           // allowed in a failed transaction
	run     func(ctx context.Context, s *session) (answer, error)
}

// answer is what a plan came to.
type answer struct {
	rows   [][]stats.Cell
	tag    string
	notice *pgerror.Error
}

// command is a row of the console's language: the first word, the right it
// needs, and how the rest is read.
type command struct {
	need   Role
	endsTx bool
	parse  func(s *session, a *args) (*plan, error)
}

// commands is the one place where rights are decided: a command that is not
// here does not exist, and one without a right is refused to everybody
// (CVE-2026-6667 was a verb without this check).
var commands map[string]command

func init() { // not an initialiser: HELP reads the table that it stands in
	commands = map[string]command{
		"show":   {need: Viewer, parse: parseShow},
		"select": {need: Viewer, parse: parseSelect},

		"pause":       {need: Admin, parse: onDatabase("PAUSE", optional, Control.Pause)},
		"suspend":     {need: Admin, parse: plain("SUSPEND", Control.Suspend)},
		"resume":      {need: Admin, parse: onDatabase("RESUME", optional, quick(Control.Resume))},
		"disable":     {need: Admin, parse: onDatabase("DISABLE", required, quick(Control.Disable))},
		"enable":      {need: Admin, parse: onDatabase("ENABLE", required, quick(Control.Enable))},
		"reconnect":   {need: Admin, parse: onDatabase("RECONNECT", optional, quick(Control.Reconnect))},
		"flush":       {need: Admin, parse: parseFlush},
		"purge":       {need: Admin, parse: parsePurge},
		"wait_close":  {need: Admin, parse: onDatabase("WAIT_CLOSE", optional, Control.WaitClose)},
		"kill":        {need: Admin, parse: onDatabase("KILL", optional, quick(Control.Kill))},
		"kill_client": {need: Admin, parse: parseKillClient},
		"switchover":  {need: Admin, parse: parseSwitchover},
		"drain":       {need: Admin, parse: onServer("DRAIN", ServerDrain)},
		"maint":       {need: Admin, parse: onServer("MAINT", ServerMaint)},
		"ready":       {need: Admin, parse: onServer("READY", ServerReady)},
		"reload":      {need: Admin, parse: plain("RELOAD", reload)},
		"shutdown":    {need: Admin, parse: parseShutdown},

		// What drivers and pools send unasked.
		"set":        {need: Viewer, parse: parseSet},
		"reset":      {need: Viewer, parse: ignored("RESET")},
		"unlisten":   {need: Viewer, parse: ignored("UNLISTEN")},
		"close":      {need: Viewer, parse: ignored("CLOSE CURSOR ALL")},
		"discard":    {need: Viewer, parse: parseDiscard},
		"deallocate": {need: Viewer, parse: parseDeallocate},
		"begin":      {need: Viewer, parse: beginTx("BEGIN")},
		"start":      {need: Viewer, parse: beginTx("START TRANSACTION")},
		"commit":     {need: Viewer, endsTx: true, parse: endTx("COMMIT")},
		"end":        {need: Viewer, endsTx: true, parse: endTx("COMMIT")},
		"rollback":   {need: Viewer, endsTx: true, parse: endTx("ROLLBACK")},
		"abort":      {need: Viewer, endsTx: true, parse: endTx("ROLLBACK")},
	}
}

// plan reads one statement. Rights come before grammar, so that a client
// without them learns nothing.
func (s *session) plan(query string, tokens []token) (*plan, error) {
	first := tokens[0]
	c, known := commands[strings.ToLower(first.text)]
	known = known && first.kind == word
	if s.Role == None || known && s.Role < c.need {
		return nil, denied(s.Role, first.text)
	}
	if !known {
		return nil, syntaxAt(query, first.pos, `unknown console command "`+shorten(first.text)+`"`)
	}
	a := &args{query: query, rest: tokens[1:]}
	p, err := c.parse(s, a)
	if err == nil && len(a.rest) > 0 {
		return nil, a.unexpected()
	}
	if p != nil {
		p.endsTx = c.endsTx
	}
	return p, err
}

func denied(role Role, verb string) *pgerror.Error {
	if role == None {
		return pgerror.New(pgerror.InsufficientPrivilege, "permission denied for the console").
			WithHint("Name the user in admin.console.admins or admin.console.viewers.")
	}
	return pgerror.Newf(pgerror.InsufficientPrivilege, "permission denied for console command %s", strings.ToUpper(verb)).
		WithHint("Name the user in admin.console.admins.")
}

// shorten keeps a client's text in an error message small and valid.
func shorten(s string) string {
	if len(s) <= 40 {
		return strings.ToValidUTF8(s, "?")
	}
	return strings.ToValidUTF8(s[:40], "?") + "..."
}

// args are the tokens after the first word; parsers take from the front and
// leave what they do not know.
type args struct {
	query string
	rest  []token
}

// take removes the next token if it is this keyword or symbol.
func (a *args) take(text string) bool {
	if len(a.rest) == 0 || !a.rest[0].is(text) {
		return false
	}
	a.rest = a.rest[1:]
	return true
}

// name removes the next token if it can be a name.
func (a *args) name() (token, bool) {
	if len(a.rest) == 0 || a.rest[0].kind != word && a.rest[0].kind != quoted {
		return token{}, false
	}
	t := a.rest[0]
	a.rest = a.rest[1:]
	return t, true
}

// unexpected is the syntax error at the next token.
func (a *args) unexpected() *pgerror.Error {
	if len(a.rest) == 0 {
		return syntaxAt(a.query, len(a.query), "syntax error at end of input")
	}
	return syntaxAt(a.query, a.rest[0].pos, `syntax error at or near "`+shorten(a.rest[0].text)+`"`)
}
