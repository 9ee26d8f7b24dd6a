package difftest

// judge runs a case on the visitor's target; an error is of the test itself.
func (v *visitor) judge(c Case, m Mode, want *record) (Class, string, error) {
	class, why, err := v.visit(c, m, func(what string, n int, a Answer) (Class, string) {
		switch what {
		case "step":
			return compare(c, c.Steps[n], want.steps[n], a, want.within[n])
		case "inside":
			if n >= len(want.inside) {
				return Wrong, "a failed transaction goes on"
			}
			return compare(c, Step{}, want.inside[n], a, nil)
		}
		if a.Lost != nil {
			return Wrong, what + ": " + a.Lost.Error()
		}
		if a.Err != nil {
			return Wrong, what + ": " + a.Err.String()
		}
		return Equal, ""
	})
	if err != nil {
		return class, why, err
	}
	if worse, reason := v.inspect(c, m, class, want); worse > class {
		class, why = worse, reason
	}
	return class, why, v.tidy(c)
}

// inspect looks at the tables themselves after a case: they are as on
// PostgreSQL, or, if it was refused, as before.
func (v *visitor) inspect(c Case, m Mode, class Class, want *record) (Class, string) {
	store := v.target.Store()
	for _, name := range c.Touches {
		t, _ := tableNamed(name)
		rows, err := store.rows(v.ctx, t)
		if err != nil {
			return Wrong, err.Error()
		}
		expected := want.after[name]
		if class == Refused {
			if len(c.Steps) > 1 && !m.InTx {
				continue // the steps before the refused one hold
			}
			expected = store.first[name]
		}
		if class, why := compareResult(Step{}, Result{Rows: expected}, Result{Rows: rows}, nil); class != Equal {
			return Wrong, "table " + name + " afterwards: " + why
		}
		if class == Equal && len(store.shards) > 1 && v.session != nil {
			if err := store.misplaced(v.ctx, t, v.session); err != nil {
				return Wrong, err.Error()
			}
		}
	}
	return class, ""
}

// tidy takes back what a case wrote.
func (v *visitor) tidy(c Case) error {
	if c.Alone {
		v.leave() // its settings go with it
	}
	if !c.Writes() && len(c.Undo) == 0 {
		return nil
	}
	return v.target.Store().restore(v.ctx, c)
}
