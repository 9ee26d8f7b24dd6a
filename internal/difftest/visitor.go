package difftest

import "context"

// visitor is a client of one target that runs case after case.
type visitor struct {
	ctx     context.Context
	target  Target
	session Session
	stuck   bool // the last step left a broken connection or a transaction
}

// do runs a step and notes how it left the session.
func (v *visitor) do(s Step, w Wire) Answer {
	a := v.session.Do(s, w)
	v.stuck = a.Lost != nil || a.Tx != 'I'
	return a
}

func (v *visitor) leave() {
	if v.session != nil {
		v.session.Close()
		v.session = nil
	}
}

// visit runs a case and shows each answer to look, which may end it. What is
// "begin", "step", "inside" (a touched table, within the transaction) or
// "end".
func (v *visitor) visit(c Case, m Mode, look func(what string, n int, a Answer) (Class, string)) (class Class, why string, err error) {
	if c.Alone {
		v.leave() // what earlier cases did to the session is not its affair
	}
	if v.session == nil {
		if v.session, err = v.target.Open(v.ctx); err != nil {
			return Wrong, "", err
		}
		v.stuck = false
	}
	class, why, failed := v.steps(c, m, look)
	if m.InTx {
		end := "COMMIT"
		if class != Equal || failed || c.Writes() && !m.keeps() {
			end = "ROLLBACK"
		}
		worse, reason := look("end", 0, v.do(Step{SQL: end}, Simple))
		if worse > class {
			class, why = worse, reason
		}
	}
	if v.stuck {
		v.leave()
	}
	return class, why, nil
}

// steps runs the transaction's begin, the case's steps and, if it writes, a
// look at the tables that it touches.
func (v *visitor) steps(c Case, m Mode, look func(string, int, Answer) (Class, string)) (class Class, why string, failed bool) {
	if m.InTx {
		if class, why = look("begin", 0, v.do(Step{SQL: "BEGIN"}, Simple)); class != Equal {
			return class, why, true
		}
	}
	for n, s := range c.Steps {
		a := v.do(s, m.Wire)
		failed = a.Tx == 'E'
		if class, why = look("step", n, a); class != Equal {
			return class, why, failed
		}
	}
	if !m.InTx || failed || !c.Writes() {
		return class, why, failed
	}
	for n, table := range c.Touches {
		if class, why = look("inside", n, v.do(Step{SQL: "SELECT * FROM " + table}, Text)); class != Equal {
			return class, "table " + table + " within the transaction: " + why, true
		}
	}
	return class, why, false
}

// unlimited is the same wire without a row limit.
func (w Wire) unlimited() Wire {
	if w == Portal {
		return Text
	}
	return w
}
