package sqlparse

// cte is one WITH query that a name may mean, up to the end of the statement
// it belongs to. Without RECURSIVE it is not known in itself and in its
// predecessors: there the name is a relation's, or an outer WITH query's.
type cte struct {
	name     string
	end      int // of the statement
	from, to int // where it is not known
}

// enter puts the WITH queries of node j, if any, into scope. A list has none.
func (v *inventory) enter(j int) {
	if v.t[j+1].key == "" {
		return
	}
	with := v.t.child(j, "withClause")
	if with < 0 {
		return
	}
	recursive := v.t.text(with, "recursive") == "true"
	for _, o := range v.t.kids(v.t.child(with, "ctes")) {
		i := v.t.only(o)
		if i < 0 {
			continue
		}
		c := cte{name: v.t.text(i, "ctename"), end: v.t[j].end}
		if !recursive {
			c.from, c.to = with, v.t[i].end
		}
		v.ctes = append(v.ctes, c)
	}
}

// leave drops the WITH queries of statements that end before node j.
func (v *inventory) leave(j int) {
	for n := len(v.ctes); n > 0 && v.ctes[n-1].end <= j; n-- {
		v.ctes = v.ctes[:n-1]
	}
}

// isCTE reports whether name at node j is a WITH query.
func (v *inventory) isCTE(name string, j int) bool {
	for _, c := range v.ctes {
		if c.name == name && (j < c.from || j >= c.to) {
			return true
		}
	}
	return false
}
