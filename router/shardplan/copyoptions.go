package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// writerOptions checks the options of a COPY TO that no server is sent, as
// ProcessCopyOptions in src/backend/commands/copy.c does, and reads
// FORCE_QUOTE. What is left of its rules is checked where the rows are written.
func writerOptions(stmt *pg_query.CopyStmt, f plan.CopyFormat) (quoted []string, all bool, no *refusal) {
	for _, n := range stmt.Options {
		e := n.GetDefElem()
		allowed := true
		switch e.Defname {
		case "force_quote":
			allowed = f.CSV
			for _, c := range e.Arg.GetList().GetItems() {
				name := c.GetString_().GetSval()
				if slices.Contains(quoted, name) {
					return nil, false, refusef("Name it once.", "column %q is specified more than once in FORCE_QUOTE", name)
				}
				quoted = append(quoted, name)
			}
			all = e.Arg.GetList() == nil
		case "quote", "escape":
			allowed = f.CSV
		case "delimiter", "null":
			allowed = !f.Binary
		case "header":
			allowed = !f.Binary && !strings.EqualFold(optionText(e.Arg), "match")
		case "force_null", "force_not_null":
			allowed = false
		}
		if !allowed {
			return nil, false, refusef("Leave it out.", "COPY option %s does not go with the others, or not with COPY TO", e.Defname)
		}
	}
	return quoted, all, nil
}
