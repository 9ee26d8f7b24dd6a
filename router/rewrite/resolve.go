package rewrite

import pg_query "github.com/pganalyze/pg_query_go/v5"

// resolve finds what an item means, as findTargetlistEntrySQL92 does: an
// integer is a position; a bare name is an output column, but in GROUP BY a
// column of FROM comes before.
func (b *block) resolve(n *pg_query.Node, grouping bool) (item, *Refusal) {
	if c := n.GetAConst(); c != nil {
		return b.position(c)
	}
	ref := n.GetColumnRef()
	if ref == nil || len(ref.Fields) != 1 || isStar(ref) {
		return item{expr: n, at: -1}, nil
	}
	_, isColumn := b.scope.Column(ref, b.stmt)
	if grouping && isColumn {
		return item{expr: n, at: -1}, nil
	}
	at := -1
	for i, t := range b.targets {
		if t.name != ref.Fields[0].GetString_().GetSval() {
			continue
		}
		if at >= 0 && b.key(b.targets[at].expr) != b.key(t.expr) {
			return item{}, never("an ambiguous name in ORDER BY, GROUP BY or DISTINCT ON", "")
		}
		if at < 0 {
			at = i
		}
	}
	switch {
	case at >= 0 && b.hidden && !isColumn:
		return item{}, refuse("an output name beside a * whose columns are not known", "list the columns")
	case at >= 0:
		return item{expr: b.targets[at].expr, at: at}, nil
	case isColumn:
		return item{expr: n, at: -1}, nil
	}
	return item{}, refuse("a name in ORDER BY, GROUP BY or DISTINCT ON that is not known", "")
}

func (b *block) position(c *pg_query.A_Const) (item, *Refusal) {
	if _, ok := c.Val.(*pg_query.A_Const_Ival); !ok {
		return item{}, refuse("a constant in ORDER BY, GROUP BY or DISTINCT ON", "")
	}
	at := int(c.GetIval().Ival) - 1
	if b.hidden || at < 0 || at >= len(b.targets) {
		return item{}, refuse("a position in ORDER BY, GROUP BY or DISTINCT ON whose column is not known", "name the column")
	}
	return item{expr: b.targets[at].expr, at: at}, nil
}
