package upstream

// MayRetry says whether one more request may be tried again now, and counts it
// as being retried until RetryDone. The budget is a part of the pool's load
// (Envoy's retry_budget): where all fail at once, retries do not double the
// load on those that are left.
func (p *Pool) MayRetry() bool {
	s := p.set.Load()
	load := p.queue.waiting.Load()
	for _, u := range s.ups {
		load += u.active.Load()
	}
	most := max(load*int64(s.Retry.Percent)/100, int64(s.Retry.Floor))
	for {
		n := p.retries.Load()
		if n >= most {
			return false
		}
		if p.retries.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// RetryDone gives back what MayRetry allowed: once, when that try has ended.
func (p *Pool) RetryDone() { p.retries.Add(-1) }
