package tcpproxy

// relayList is a ring of relays around a head that is none. Its owner guards it.
type relayList struct {
	head relay
	n    int
}

func (l *relayList) init() { l.head.prev, l.head.next = &l.head, &l.head }

func (l *relayList) push(r *relay) {
	r.prev, r.next = l.head.prev, &l.head
	r.prev.next, l.head.prev = r, r
	l.n++
}

func (l *relayList) remove(r *relay) {
	r.prev.next, r.next.prev = r.next, r.prev
	r.prev, r.next = nil, nil
	l.n--
}

// first is the oldest, nil if there is none.
func (l *relayList) first() *relay { return l.after(&l.head) }

// after is the next, nil after the last.
func (l *relayList) after(r *relay) *relay {
	if r.next == &l.head {
		return nil
	}
	return r.next
}
