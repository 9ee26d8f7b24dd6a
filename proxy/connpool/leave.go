package connpool

// discard forgets a conn that is in nobody's hands; unlock closes it. p.mu is
// held.
func (p *Pool) discard(c *Conn) {
	delete(p.all, c)
	c.unwatch()
	p.leaving = append(p.leaving, c)
}

// closeIdle discards every idle conn. p.mu is held.
func (p *Pool) closeIdle() {
	for _, c := range p.idle {
		p.discard(c)
	}
	clear(p.idle)
	p.idle = p.idle[:0]
}

// lost removes an idle conn whose server hung up. Called by the watcher.
func (p *Pool) lost(c *Conn) {
	p.mu.Lock()
	idle := p.takeIdle(c)
	if idle {
		p.discard(c)
		p.growIfNeeded()
	}
	p.unlock()
	if idle && p.OnLost != nil {
		p.OnLost()
	}
}

// unlock unlocks p.mu, then closes what was discarded under it: a good-bye is
// a system call or two, and nobody is to wait for them.
func (p *Pool) unlock() {
	leaving := p.leaving
	p.leaving = nil
	p.mu.Unlock()
	for _, c := range leaving {
		if c.Dead() || c.doomed {
			_ = c.Close()
		} else {
			c.Terminate()
		}
	}
}
