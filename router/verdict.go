package router

import (
	"strings"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Verdict is what one statement does, by what its text and the catalog say.
// It is immutable and shared.
type Verdict struct {
	// ReadOnly is proven: a standby runs the statement, gives the answer
	// that the primary would have given some time ago, and neither is left
	// with anything.
	ReadOnly bool
	Why      string // what decided, in a few words without literals
	// PerTransaction: the answer depends on the transaction the statement
	// runs in: now() and what calls it.
	PerTransaction bool
	// Tables are read, by bare folded name, views and what is behind them
	// and below them included; TablesAny: others may be as well.
	Tables    []string
	TablesAny bool
	// Unkept is why the answer must not be kept for others who ask the same;
	// "" if it depends on nothing but rows of Tables, the session's role and
	// parameters, and what the statement and its arguments say.
	Unkept string
	// Writes are written, triggers, rules and cascades included; WritesAll:
	// anything may be.
	Writes    []string
	WritesAll bool
	Changes   bool // it may leave something that a later read sees
	DDL       bool // the catalog may be different afterwards
	// Unknown: the snapshot lacks something that the statement names. It may
	// be newer than the snapshot.
	Unknown bool
	// Acts: it may act on one server only and the server would not say so:
	// it takes a lock that no other server knows, or the like.
	Acts bool
	Hint sqlparse.Hint
	Mode sqlparse.TxMode

	command string // what it certainly writes with: "INSERT"; "" if that is not certain

	// Plans are made beforehand: routing allocates nothing. nil where one
	// cannot happen.
	primary, replica *plan.Direct
	vouched          plan.Plan    // with a hint to a replica, though not proven
	refused          *plan.Reject // on a route for reads
	misplaced        *plan.Reject // in a transaction on a replica
	badHint          *plan.Reject
}

// verdict judges st by k.
func (k *knowledge) verdict(st *sqlparse.Statement) *Verdict {
	v := &Verdict{}
	f := st.Facts()
	if f != nil {
		v.Hint, v.Mode = f.Hint, f.Mode
	}
	j := k.judge()
	v.Why = j.statement(st, f)
	v.ReadOnly = v.Why == ""
	v.Unknown = strings.HasSuffix(v.Why, notKnown)
	v.PerTransaction = j.perTransaction || !v.ReadOnly
	v.TablesAny = j.anyTables || !v.ReadOnly
	v.Tables = sorted(j.tables)
	if !v.ReadOnly {
		v.command = certainly(st, f)
		j.effects(v, st, f)
	} else {
		v.Why = readsOnly(v.Tables)
	}
	v.Unkept = j.unkept(v)
	v.plans()
	return v
}

// unkept is the reason against a cached answer.
func (j *judge) unkept(v *Verdict) string {
	switch {
	case !v.ReadOnly:
		return v.Why
	case v.PerTransaction:
		return "the answer depends on the transaction or the time"
	case v.TablesAny:
		return "a function may read other tables"
	case len(v.Tables) == 0:
		return "no table is read"
	}
	return j.unsteady
}

func (j *judge) statement(st *sqlparse.Statement, f *sqlparse.Facts) string {
	why := j.facts(f)
	switch code := j.misrouted[st.Shape()]; {
	case code != "":
		return "a replica refused it with " + code
	case why != "":
		return why
	case !st.Plain():
		return "changes the session"
	case st.Kind() == sqlparse.KindEmpty:
		return "empty"
	case j.implied != "":
		j.does.add(anything)
	}
	return j.implied
}

func readsOnly(tables []string) string {
	const most = 8
	switch n := len(tables); {
	case n == 0:
		return "reads only: no tables"
	case n > most:
		return "reads only: tables " + strings.Join(tables[:most], ", ") + ", ..."
	}
	return "reads only: tables " + strings.Join(tables, ", ")
}

// commands are the kinds of statements that write, whatever else they do.
var commands = map[sqlparse.Kind]bool{
	sqlparse.KindInsert: true, sqlparse.KindUpdate: true, sqlparse.KindDelete: true, sqlparse.KindMerge: true,
	sqlparse.KindDDL: true, sqlparse.KindUtility: true, sqlparse.KindNotify: true, sqlparse.KindPrepareTransaction: true,
	sqlparse.KindCommitPrepared: true, sqlparse.KindRollbackPrepared: true,
}

// certainly is the command with which st certainly writes.
func certainly(st *sqlparse.Statement, f *sqlparse.Facts) string {
	switch kind := st.Kind(); {
	case f == nil:
		return ""
	case kind == sqlparse.KindMulti:
		for i := range st.Parts {
			if commands[st.Parts[i].Kind] {
				return strings.ToUpper(st.Parts[i].Kind.String())
			}
		}
		return ""
	case strings.HasPrefix(f.Blame, "FOR "):
		return "SELECT " + f.Blame
	case commands[kind], len(f.Writes) > 0:
		return f.Blame
	}
	return ""
}
