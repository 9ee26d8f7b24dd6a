package router

import (
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// harmless are kinds that by themselves change nothing that a later read could
// see. A COMMIT is among them: what the transaction wrote counted when it was
// written.
var harmless = map[sqlparse.Kind]bool{
	sqlparse.KindEmpty: true, sqlparse.KindBegin: true, sqlparse.KindCommit: true, sqlparse.KindRollback: true,
	sqlparse.KindSavepoint: true, sqlparse.KindReleaseSavepoint: true, sqlparse.KindRollbackTo: true,
	sqlparse.KindSet: true, sqlparse.KindReset: true, sqlparse.KindShow: true, sqlparse.KindDiscard: true,
	sqlparse.KindSelect: true, sqlparse.KindCopy: true, sqlparse.KindExplain: true, sqlparse.KindPrepare: true, sqlparse.KindDeclare: true, sqlparse.KindDeallocate: true, sqlparse.KindClose: true,
	sqlparse.KindListen: true, sqlparse.KindUnlisten: true, sqlparse.KindLock: true,
}

// definers are kinds that may change the catalog.
var definers = map[sqlparse.Kind]bool{
	sqlparse.KindDDL: true, sqlparse.KindDo: true, sqlparse.KindCall: true, sqlparse.KindUnknown: true,
	sqlparse.KindCommitPrepared: true, sqlparse.KindMulti: true,
}

// effects says what a statement may change that was not proven to be a read.
func (j *judge) effects(v *Verdict, st *sqlparse.Statement, f *sqlparse.Facts) {
	d := j.does
	for i := range st.Parts {
		kind := st.Parts[i].Kind
		d.changes = d.changes || !harmless[kind]
		d.ddl = d.ddl || definers[kind]
		d.acts = d.acts || kind == sqlparse.KindLock
	}
	written := map[string]bool{}
	if f != nil {
		d.all = d.all || f.Opaque
		d.ddl = d.ddl && f.Blame != "TRUNCATE"
		for _, n := range f.Writes {
			d.all = j.reach(n, written) || d.all
		}
	}
	v.Writes, v.WritesAll, v.DDL, v.Acts = sorted(written), d.all, d.ddl, d.acts
	v.Changes = d.changes || d.all || len(written) > 0
}

// reach adds to written what a write to n may write: the relation itself,
// what it inherits from and what inherits from it, what its foreign keys
// cascade to, the tables behind it if it is a view. It reports whether that
// is not all.
func (j *judge) reach(n sqlparse.Name, written map[string]bool) (all bool) {
	written[n.Name] = true
	found := j.snapshot.Relations(n.Schema, n.Name)
	all = len(found) == 0
	seen := map[*catalog.Relation]bool{}
	for len(found) > 0 {
		r := found[0]
		found = found[1:len(found):len(found)]
		if seen[r] {
			continue
		}
		seen[r], written[r.Name] = true, true
		all = all || r.Unbounded || r.Kind == 'f'
		found = append(append(append(found, r.Parents...), r.Children...), r.Cascades...)
		if r.Kind == 'v' && !all {
			all = j.behind(r, &found)
		}
	}
	return all
}

// behind adds the relations that view r reads.
func (j *judge) behind(r *catalog.Relation, found *[]*catalog.Relation) (all bool) {
	if j.read == nil {
		return true
	}
	f := j.read([]byte(r.View)).Facts()
	if f == nil {
		return true
	}
	for _, n := range f.Relations {
		*found = append(*found, j.snapshot.Relations(n.Schema, n.Name)...)
	}
	return false
}
