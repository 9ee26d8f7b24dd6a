package session

import (
	"slices"

	"github.com/wyeproxy/wye/router/sqlparse"
)

// noteDefined takes in that part i of a text was run. What CREATE, ALTER and
// DROP change is not seen by statements that a server has prepared already:
// executing one fails (RevalidateCachedQuery), and a client that prepares the
// same text after the change would be given the old statement, which it never
// asked for. From here on every Parse finds a new one.
func (s *Session) noteDefined(read *sqlparse.Statement, i int) {
	i = min(i, len(read.Parts)-1)
	if i < 0 || !defines(&read.Parts[i]) {
		return
	}
	s.defined = true
	s.env.Statements.RenewAll()
}

// defines reports whether a statement may change what prepared ones mean.
// Temporary objects change it for one server conn, which the session keeps.
func defines(p *sqlparse.Part) bool {
	return p.Kind == sqlparse.KindDDL &&
		!slices.ContainsFunc(p.Effects, func(e sqlparse.Effect) bool { return e.Kind == sqlparse.TempObject })
}

// tellDefined ends a transaction that defined something. What was prepared
// inside of it is wrong if it was rolled back.
func (s *Session) tellDefined() {
	if s.defined {
		s.defined = false
		s.env.Statements.RenewAll()
	}
}
