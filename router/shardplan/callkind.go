package shardplan

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/catalog"
)

// callKind is what one function does.
type callKind uint8

const (
	callPure callKind = iota // the same answer on every shard
	callNow
	callVolatile
	callUnique // a number that no other call on any shard gives
	callSequence
	callServer
	callUser
	callUnknown
)

type call struct {
	kind callKind
	why  string
}

// call judges one function.
func (p *Planner) call(f *pg_query.FuncCall) call {
	schema, name := split(f.Funcname)
	args := len(f.Args)
	own := p.snapshot.Functions(schema, name)
	if isUniqueID(schema, name) && len(own) > 0 {
		return call{callUnique, ""}
	}
	found := false
	result := call{}
	if schema == "" || schema == "pg_catalog" {
		result, found = p.builtin(name)
	}
	for _, fn := range own {
		if !fn.Takes(args) {
			continue
		}
		found = true
		if why := p.userFunction(fn); why != "" {
			return call{callUser, why}
		}
		if fn.Volatility == catalog.Stable {
			result.kind = max(result.kind, callNow)
		}
	}
	if !found {
		return call{callUnknown, "function " + name + " is not known"}
	}
	return result
}

// builtin judges PostgreSQL's own function name.
func (p *Planner) builtin(name string) (call, bool) {
	v, ok := p.snapshot.Builtin(name)
	if !ok {
		return call{}, false
	}
	switch {
	case name == "nextval" || name == "setval" || name == "currval" || name == "lastval":
		return call{callSequence, ""}, true
	case name == "current_setting":
		return call{callPure, ""}, true
	case catalog.RunsText(name):
		return call{callUser, "function " + name + " runs SQL text"}, true
	case catalog.Silent(name) != "" || catalog.OneServers(name):
		return call{callServer, ""}, true
	case catalog.PerTransaction(name):
		return call{callNow, ""}, true
	case v == catalog.Volatile:
		return call{callVolatile, ""}, true
	case v == catalog.Internal:
		return call{callUser, "function " + name + " is internal"}, true
	}
	return call{callPure, ""}, true
}

// userFunction says why a function of the database may read or write what is
// on other shards; "" if it certainly does not: an extension's that is
// immutable, or one whose text names no relation.
func (p *Planner) userFunction(f *catalog.Function) string {
	switch {
	case f.Volatility == catalog.Volatile:
		return "function " + f.Name + " is volatile"
	case f.Aggregate:
		for _, r := range f.Support {
			if r.Function != nil {
				if why := p.userFunction(r.Function); why != "" {
					return why
				}
			}
		}
		return ""
	case f.Extension && f.Volatility == catalog.Immutable:
		return ""
	case f.Extension:
		return "function " + f.Name + " of an extension may read tables"
	case f.Source == "":
		return "function " + f.Name + " is written in " + f.Language
	}
	return p.source(f)
}

// source searches the text of a function for what could lead it to a table.
func (p *Planner) source(f *catalog.Function) (why string) {
	text := f.Source
	if strings.ContainsAny(text, `"`) || strings.Contains(strings.ToLower(text), "u&") {
		return "function " + f.Name + " has quoted names"
	}
	words(text, func(word string) {
		if why != "" || word == f.Name || word == f.Schema {
			return
		}
		switch {
		case word == "execute" || word == "perform" || word == "call" || word == "from" || word == "table":
			why = fmt.Sprintf("function %s may read tables", f.Name)
		case len(p.snapshot.Relations("", word)) > 0:
			why = fmt.Sprintf("function %s may read %s", f.Name, word)
		case slices.ContainsFunc(p.snapshot.Functions("", word), func(other *catalog.Function) bool { return other != f }):
			why = fmt.Sprintf("function %s may call %s", f.Name, word)
		}
		if c, ok := p.builtin(word); why == "" && ok && c.kind >= callSequence && catalog.Silent(word) != "" {
			why = fmt.Sprintf("function %s may call %s", f.Name, word)
		}
	})
	return why
}

// isAggregateCall reports whether a call is of an aggregate.
func (p *Planner) isAggregateCall(f *pg_query.FuncCall) bool {
	if f.AggStar || f.AggDistinct || f.AggFilter != nil || f.AggWithinGroup || len(f.AggOrder) > 0 {
		return true
	}
	_, is := p.aggregate(names(f.Funcname))
	return is
}

// aggregate reports whether name is an aggregate; own is the name of one of
// PostgreSQL's own.
func (p *Planner) aggregate(parts []string) (own string, is bool) {
	name := parts[len(parts)-1]
	schema := ""
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	user := slices.ContainsFunc(p.snapshot.Functions(schema, name), func(f *catalog.Function) bool { return f.Aggregate })
	switch {
	case user:
		return "", true
	case builtinAggregates[name] && (schema == "" || schema == "pg_catalog"):
		return name, true
	}
	return "", false
}

// builtinAggregates are PostgreSQL's own, up to version 18 (pg_aggregate).
var builtinAggregates = func() map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(`any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp
		cume_dist dense_rank every json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique
		json_object_agg_unique_strict jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique
		jsonb_object_agg_unique_strict max min mode percent_rank percentile_cont percentile_disc range_agg range_intersect_agg rank
		regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp
		string_agg sum var_pop var_samp variance xmlagg`) {
		set[name] = true
	}
	return set
}()
