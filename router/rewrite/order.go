package rewrite

import pg_query "github.com/pganalyze/pg_query_go/v5"

// merges reports whether the proxy's own merge knows the order of t. Of text
// it does if it is compared byte by byte.
func (b *block) merges(n *pg_query.Node) bool {
	switch b.typeOf(n) {
	case oidBool, oidInt2, oidInt4, oidInt8, oidOid, oidDate, oidTimestamp, oidTimestamptz, oidUUID, oidBytea, oidFloat4, oidFloat8, oidNumeric:
		return true
	case oidText, oidVarchar, oidBpchar, oidName:
		return b.byteOrder(n)
	}
	return false
}

// byteOrder reports whether text is compared byte by byte, as it comes.
func (b *block) byteOrder(n *pg_query.Node) bool {
	if b.scope.Recoded() {
		return false
	}
	if c := n.GetCollateClause(); c != nil {
		parts := names(c.Collname)
		name := parts[len(parts)-1]
		return (len(parts) == 1 || parts[0] == "pg_catalog") && (name == "C" || name == "POSIX")
	}
	if ref := n.GetColumnRef(); ref != nil {
		c, ok := b.scope.Column(ref, b.stmt)
		return ok && c.CCollation
	}
	return false
}
