package shardplan

import (
	"fmt"
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

// copyFormat reads the options of COPY. columns are those of the data.
func copyFormat(stmt *pg_query.CopyStmt, columns []string) (plan.CopyFormat, *refusal) {
	f := plan.CopyFormat{}
	given := map[string]*pg_query.Node{}
	for _, n := range stmt.Options {
		name := n.GetDefElem().Defname
		if _, twice := given[name]; twice {
			return f, refusef("Give it once.", "COPY option %s is given twice", name)
		}
		given[name] = n.GetDefElem().Arg
	}
	switch format := optionText(given["format"]); format {
	case "csv":
		f.CSV = true
	case "binary":
		f.Binary = true
	case "", "text":
	default:
		return f, refusef("", "COPY format %q is not supported on a sharded cluster", format)
	}
	f.Delimiter, f.Null = '\t', `\N`
	if f.CSV {
		f.Delimiter, f.Quote, f.Null = ',', '"', ""
	}
	for name, arg := range given {
		if no := applyOption(&f, name, arg, columns); no != nil {
			return f, no
		}
	}
	if f.CSV && f.Esc == 0 {
		f.Esc = f.Quote
	}
	return f, nil
}

// applyOption applies one option.
func applyOption(f *plan.CopyFormat, name string, arg *pg_query.Node, columns []string) *refusal {
	text := optionText(arg)
	one := func(to *byte) *refusal {
		if len(text) != 1 {
			return refusef("", "COPY option %s must be one character", name)
		}
		*to = text[0]
		return nil
	}
	switch name {
	case "format", "force_quote":
		return nil
	case "delimiter":
		return one(&f.Delimiter)
	case "quote":
		return one(&f.Quote)
	case "escape":
		return one(&f.Esc)
	case "null":
		f.Null = text
		return nil
	case "header":
		switch text = strings.ToLower(text); {
		case arg == nil || text == "true" || text == "on" || text == "1" || text == "match":
			f.Header = true
		case text != "false" && text != "off" && text != "0":
			return refusef("", "COPY option header is not supported with this value")
		}
		return nil
	case "force_null":
		return columnList(&f.ForceNull, arg, columns)
	case "force_not_null":
		return columnList(&f.ForceNotNul, arg, columns)
	case "encoding":
		if e := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(text)); e == "utf8" {
			return nil
		}
	}
	return refusef("", "COPY option %s is not supported on a sharded cluster", name)
}

func columnList(to *[]int, arg *pg_query.Node, columns []string) *refusal {
	list := arg.GetList().GetItems()
	if list == nil {
		for i := range columns { // *
			*to = append(*to, i)
		}
		return nil
	}
	for _, n := range list {
		at := slices.Index(columns, n.GetString_().GetSval())
		if at < 0 {
			return refusef("", "COPY names a column that it does not copy")
		}
		*to = append(*to, at)
	}
	return nil
}

// optionText is the value of an option as text.
func optionText(n *pg_query.Node) string {
	switch v := n.GetNode().(type) {
	case *pg_query.Node_String_:
		return v.String_.Sval
	case *pg_query.Node_Integer:
		return fmt.Sprint(v.Integer.Ival)
	case *pg_query.Node_Boolean:
		return fmt.Sprint(v.Boolean.Boolval)
	case *pg_query.Node_Float:
		return v.Float.Fval
	}
	return ""
}
