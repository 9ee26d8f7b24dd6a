package upstream

// rolling counts over a window in ten steps.
type rolling struct {
	step  int64 // the latest that was counted in
	steps [10]struct{ asked, failed int }
}

// count adds one and returns the sums of the window that ends with this step.
func (w *rolling) count(now int64, ok bool, window int64) (asked, failed int) {
	n := int64(len(w.steps))
	step := now / max(window/n, 1)
	for s := max(w.step+1, step-n+1); s <= step; s++ {
		w.steps[s%n] = struct{ asked, failed int }{}
	}
	w.step = max(w.step, step)
	at := &w.steps[w.step%n]
	at.asked++
	if !ok {
		at.failed++
	}
	for _, s := range w.steps {
		asked += s.asked
		failed += s.failed
	}
	return asked, failed
}
