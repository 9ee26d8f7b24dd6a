package session

import (
	"slices"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
)

// settleChange finds out what the session is like after its statements. It
// runs before ReadyForQuery is passed on.
func (s *Session) settleChange() error {
	c := s.conn
	if s.mode() == Statement && c.Status != protocol.TxIdle {
		return s.refuseTransaction()
	}
	switch c.Status {
	case protocol.TxFailed:
		return nil // nothing can be asked; the end of the transaction tells
	case protocol.TxOpen:
		return s.reapply(&s.change)
	}
	change := s.change
	s.change = change.empty()
	if err := s.settleParams(&change); err != nil {
		return err
	}
	return s.settlePins(&change)
}

func (c *change) empty() change { return change{} }

// settleParams brings the session's parameters up to date after a
// transaction. What the client started with is always set on its server
// conns; if it is not any more, it was RESET, and is given back.
func (s *Session) settleParams(ch *change) error {
	c := s.conn
	params := s.params
	var err error
	switch {
	case ch.discarded:
		params = connpool.Params{}
	case ch.askAll || ch.resetAll:
		params, err = c.CurrentAll(append(ch.names(), s.customNames()...))
	case ch.uncertain || ch.ask != nil || ch.reset != nil:
		params, err = c.Current(params, ch.names())
	default:
		for _, set := range ch.set {
			params = params.With(set.Name, *set.Value)
		}
	}
	if err != nil {
		return err
	}
	for name, value := range params.All {
		if value == "" && strings.Contains(name, ".") && ch.resets(name) {
			params = params.Without(name) // a custom parameter that was reset
		}
	}
	c.Params = params
	if ch.discarded {
		s.setPins(s.pins & pinsForever)
	}
	for name, value := range s.startup.All {
		if _, ok := params.Get(name); !ok {
			params = params.With(name, value)
		}
	}
	s.setParams(params)
	return c.Adopt(params)
}

// customNames lists the custom parameters (with a dot) that may be set:
// pg_settings does not show them.
func (s *Session) customNames() []string {
	var names []string
	for _, set := range []connpool.Params{s.params, s.startup, s.conn.Params} {
		for name := range set.All {
			if strings.Contains(name, ".") && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func (c *change) names() []string {
	names := append([]string(nil), c.ask...)
	for _, set := range c.set {
		names = append(names, set.Name)
	}
	return append(names, c.reset...)
}

// resets reports whether RESET took name back to the server's default, where
// the client's own default is another. RESET ALL leaves the role alone.
func (c *change) resets(name string) bool {
	if c.resetAll && name != "role" {
		return true
	}
	for _, n := range c.reset {
		if n == name {
			return true
		}
	}
	return false
}

// reapply gives back, inside a transaction, what RESET took: the parameters
// that the client started with are its defaults. It happens in the same
// transaction, so a rollback undoes both.
func (s *Session) reapply(ch *change) error {
	var changes []connpool.Change
	for name, value := range s.startup.All {
		if ch.resets(name) {
			changes = append(changes, connpool.Change{Name: name, Value: &value})
		}
	}
	ch.ask = append(ch.ask, ch.reset...)
	ch.askAll = ch.askAll || ch.resetAll
	ch.reset, ch.resetAll = nil, false
	ch.local = true
	if len(changes) == 0 {
		return nil
	}
	return s.conn.Apply(changes)
}

// settlePins finds out what keeps the session on its conn.
func (s *Session) settlePins(ch *change) error {
	if s.mode() == Wholly || !ch.audit && !ch.uncertain || ch.pins == 0 && !ch.audit && s.pins&pinsAudited == 0 {
		s.pin(ch.pins)
		return nil
	}
	found, err := s.conn.Audit()
	if err != nil {
		return err
	}
	s.setPins((s.pins|ch.pins)&^pinsAudited | s.heldPins(&found))
	return nil
}

// heldPins are the reasons that an audit has found.
func (s *Session) heldPins(found *connpool.Held) (pins pinSet) {
	add := func(is bool, p pinSet) {
		if is {
			pins |= p
		}
	}
	add(found.AdvisoryLocks, pinAdvisory)
	add(found.TempObjects, pinTemp)
	add(found.HeldCursors, pinCursor)
	add(found.Prepared, pinPrepare)
	add(found.Listening, pinListen)
	add(found.User != s.role(), pinAuthorization)
	return pins
}
