package httpcache

// How a flight ends, and what of it is still wanted by whom.

// spoil has what the flight brings not be kept, and nobody else wait for it: it
// may be older than a change.
func (f *flight) spoil() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spoilt = true
}

func (f *flight) isSpoilt() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.spoilt
}

// finish ends run's part.
func (f *flight) finish() {
	f.late.Stop()
	f.store.mu.Lock()
	f.unlist()
	if f.background {
		f.old.refreshing = false
	}
	f.store.mu.Unlock()
	close(f.ended)
	f.mu.Lock()
	f.running = false
	last := f.clients == 0
	f.mu.Unlock()
	if last {
		f.tearDown()
	}
}

// leave is one client less. Before the head is there, nobody goes on for
// nobody; after it, a recording does, until it takes too long.
func (f *flight) leave() {
	f.mu.Lock()
	f.clients--
	alone := f.clients == 0
	stop := alone && f.running && (f.overdue || !closed(f.settled))
	last := alone && !f.running
	f.mu.Unlock()
	if stop {
		f.cancel()
	}
	if last {
		f.tearDown()
	}
}

// tooLong says that from now on it goes on for clients only.
func (f *flight) tooLong() {
	f.mu.Lock()
	f.overdue = true
	alone := f.clients == 0
	f.mu.Unlock()
	if alone {
		f.cancel()
	}
}

// tearDown runs once, when run and the last client are gone.
func (f *flight) tearDown() {
	if f.outcome == refused && f.origin != nil && !f.claimed {
		f.origin.Body.Close()
	}
	if f.rec != nil {
		f.rec.body.release()
	}
	if f.old != nil {
		f.old.body.release()
	}
	f.unlink()
	f.cancel()
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
