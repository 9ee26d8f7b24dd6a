package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// selectExists plans a SELECT without FROM that asks whether rows exist: they
// do if they do on any shard.
func selectExists(stmt *pg_query.SelectStmt, scope Scope) (*Result, *Refusal) {
	b, no := takeApart(stmt, scope)
	if no != nil {
		return nil, no
	}
	if stmt.WhereClause != nil || stmt.WithClause != nil || b.aggregated || len(b.windows) > 0 || len(b.order) > 0 || b.distinct || len(b.on) > 0 ||
		stmt.LimitCount != nil || stmt.LimitOffset != nil || len(stmt.LockingClause) > 0 {
		return nil, refuse("a SELECT without FROM over several shards", "")
	}
	if no := b.combinable(); no != nil {
		return nil, no
	}
	c := newCombiner(b)
	out := b.top()
	for _, t := range b.targets {
		out.TargetList = append(out.TargetList, named(t.name, c.anywhere(t.expr)))
	}
	if len(c.sent) == 0 && c.no == nil {
		return nil, refuse("a SELECT without FROM over several shards", "")
	}
	return c.finish(b.bottom(), out)
}

func (c *combiner) anywhere(n *pg_query.Node) *pg_query.Node {
	return rebuild(n, func(n *pg_query.Node) (*pg_query.Node, bool) {
		s := n.GetSubLink()
		if s == nil {
			return nil, false
		}
		if s.SubLinkType != pg_query.SubLinkType_EXISTS_SUBLINK {
			return c.fail(refuse("a sub-query inside an expression", "")), true
		}
		if no := c.exists(s.Subselect.GetSelectStmt()); no != nil {
			return c.fail(no), true
		}
		return expression("bool_or({0})", sentColumn(c.send(n, shape{}))), true
	})
}

// exists refuses a query that may have rows though no shard has, or the other
// way round.
func (c *combiner) exists(s *pg_query.SelectStmt) *Refusal {
	if _, plain := count(s.LimitCount); !plain || s.LimitOffset != nil {
		return refuse("EXISTS with OFFSET, or LIMIT with an expression", "")
	}
	if no := lostAggregate(s, c.scope); no != nil {
		return no
	}
	if !c.scope.Local(s) {
		if s.Op == pg_query.SetOperation_SETOP_NONE && len(s.FromClause) > 0 {
			b, no := takeApart(s, c.scope)
			if no != nil {
				return no
			}
			if no := b.cutGroups(); no != nil {
				return no
			}
		} else if no := cut(s, c.scope); no != nil {
			return no
		}
	}
	return checkInside(s, c.scope)
}
