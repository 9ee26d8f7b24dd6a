package shardplan

import pg_query "github.com/pganalyze/pg_query_go/v5"

// isUniqueID: wye makes this function on each shard (package shards/commit),
// and knows that it touches no table of anybody's. By itself it goes to the
// lead shard, so that what a session is given rises.
func isUniqueID(schema, name string) bool { return schema == "wye" && name == "unique_id" }

// hintUniqueKey: an id that says where its row goes must be known before, which
// it is of one row.
const hintUniqueKey = "Insert one row at a time, or SELECT wye.unique_id() first, and give the number as a constant or parameter."

// isUniqueCall reports whether n calls it.
func isUniqueCall(n *pg_query.Node) bool {
	f := n.GetFuncCall()
	if f == nil {
		return false
	}
	return isUniqueID(split(f.Funcname))
}
