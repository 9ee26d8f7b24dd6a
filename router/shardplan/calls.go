package shardplan

import (
	"fmt"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/rewrite"
)

// calls is what a statement's functions do, taken together.
type calls struct {
	volatile string              // the first that gives another answer each time: random
	now      string              // the first that gives the time of the transaction
	server   string              // the first that tells of, or acts on, one server
	unique   string              // wye.unique_id, which is volatile, but as good on any shard
	sequence string              // nextval and its like
	user     string              // why one may do anything
	unknown  string              // one that the catalog does not have
	system   string              // a system column
	named    *pg_query.ColumnRef // the last one that gives only the name of its table
	locking  bool                // FOR UPDATE and the like
	sample   bool                // TABLESAMPLE
	ordered  string              // what depends on the order of rows: for copies that must stay equal
	current  bool                // WHERE CURRENT OF
}

// note keeps what m, an expression of b, does.
func (s *statement) note(m proto.Message, b *block) {
	c := &s.calls
	first := func(at *string, what string) {
		if *at == "" {
			*at = what
		}
	}
	switch m := m.(type) {
	case *pg_query.FuncCall:
		one := s.p.call(m)
		_, name := split(m.Funcname)
		switch one.kind {
		case callNow:
			first(&c.now, name)
		case callVolatile:
			first(&c.volatile, name)
		case callUnique:
			first(&c.volatile, name)
			first(&c.unique, name)
		case callSequence:
			first(&c.sequence, name)
		case callServer:
			first(&c.server, name)
		case callUser:
			first(&c.user, one.why)
		case callUnknown:
			first(&c.unknown, name)
		}
		if m.Over != nil || s.p.isAggregateCall(m) && !orderless[name] {
			first(&c.ordered, "function "+name)
		}
	case *pg_query.SQLValueFunction:
		if m.Op <= pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N {
			first(&c.now, "current_timestamp")
		}
	case *pg_query.A_Expr:
		s.noteOperator(m)
	case *pg_query.CurrentOfExpr:
		c.current = true
	case *pg_query.ColumnRef:
		if _, _, name, ok := refParts(m); ok && systemColumns[name] && c.named != m {
			first(&c.system, name)
		}
	case *pg_query.TypeCast:
		if ref := rewrite.TableName(m); ref != nil {
			c.named = ref
		}
		s.noteCast(m)
	}
}

// orderless are aggregates whose answer does not depend on the order of rows.
var orderless = map[string]bool{"count": true, "min": true, "max": true, "bool_and": true, "bool_or": true, "every": true}

func (s *statement) noteOperator(e *pg_query.A_Expr) {
	if len(e.Name) == 0 {
		return
	}
	_, op := split(e.Name)
	for _, o := range s.p.snapshot.Operators(op) {
		if o.Function.Function == nil {
			continue
		}
		if why := s.p.userFunction(o.Function.Function); why != "" && s.calls.user == "" {
			s.calls.user = fmt.Sprintf("operator %s: %s", op, why)
		}
	}
}

// noteCast: 'tomorrow' is a time of the transaction, and so is 'now'.
func (s *statement) noteCast(c *pg_query.TypeCast) {
	v := c.Arg.GetAConst().GetSval().GetSval()
	if v == "" {
		return
	}
	_, t := split(c.TypeName.GetNames())
	switch t {
	case "date", "timestamp", "timestamptz", "time", "timetz":
		for _, word := range []string{"now", "today", "tomorrow", "yesterday"} {
			if strings.Contains(strings.ToLower(v), word) && s.calls.now == "" {
				s.calls.now = "'" + word + "'"
			}
		}
	case "regclass":
		if s.calls.server == "" {
			s.calls.server = t
		}
	}
}
