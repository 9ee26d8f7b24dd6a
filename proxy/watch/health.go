package watch

// health is whether one server answers. Pure: it is told what happened.
type health struct {
	heard  bool // answered or failed at least once
	up     bool
	fails  int // in a row
	passes int // in a row, counted while it is down
}

// pass notes an answer. The first thing ever heard of a server brings it up;
// after it was down it takes rise of them.
func (h *health) pass(rise int) {
	h.passes++
	if !h.heard || h.passes >= rise {
		h.up = true
	}
	if h.up {
		h.passes = 0
	}
	h.heard, h.fails = true, 0
}

// fail notes that no answer came. A hard failure (nobody listens there, the
// connection was reset) takes the server down at once, others when there are
// fall in a row.
func (h *health) fail(hard bool, fall int) {
	h.heard, h.passes = true, 0
	h.fails++
	if hard || h.fails >= fall {
		h.up = false
	}
}
