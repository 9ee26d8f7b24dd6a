package upstream

import "time"

// Connected judges a request that goes on for long after it began, such as a
// TCP connection: the server was reached, which took so long. Failures in a row
// end here and not when a client leaves, perhaps days later.
func (h *Host) Connected(now int64, took time.Duration) {
	h.judge(h.pool.set.Load(), now, took, true)
}

// Leave is End for a request that Connected has judged.
func (h *Host) Leave(now int64) {
	h.active.Add(-1)
	if p := h.pool; p.queue.waiting.Load() != 0 {
		p.served(now)
	}
}
