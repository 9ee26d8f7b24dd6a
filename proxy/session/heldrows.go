package session

import (
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// heldRows is the answer of a portal that the client takes in pieces. The
// servers have given all of it: their conns may be needed for what comes
// between two pieces. It is bounded like everything that is put together.
type heldRows struct {
	rows  [][]byte // DataRow frames
	next  int
	size  int64
	tag   string
	limit int64
}

// runPortal runs a portal, or goes on with one that was suspended. most is
// how many rows the client wants now, 0 for all.
func (s *Session) runPortal(p *gangPortal, most int) error {
	if p.rows == nil && most <= 0 {
		return s.runOrder(p.order)
	}
	if p.rows == nil {
		h := &heldRows{limit: s.shards.all.Limits.Load().MaxSize}
		s.shards.hold = h
		err := s.runOrder(p.order)
		s.shards.hold = nil
		if err != nil {
			return err
		}
		p.rows = h
	}
	return s.giveHeld(p.rows, most)
}

// hold keeps a row of a portal.
func (h *heldRows) keep(row []byte) error {
	if h.size += int64(len(row)); h.size > h.limit {
		return errClient{pgerror.Newf(pgerror.ProgramLimitExceeded, "a portal with a row limit over several shards holds more than %d bytes", h.limit).
			WithHint("Execute without a row limit, or raise gather.max_bytes.")}
	}
	h.rows = append(h.rows, append([]byte(nil), row...))
	return nil
}

// giveHeld sends the next rows.
func (s *Session) giveHeld(h *heldRows, most int) error {
	sent := 0
	for h.next < len(h.rows) && (most <= 0 || sent < most) {
		if err := s.emitRow(h.rows[h.next]); err != nil {
			return err
		}
		h.rows[h.next] = nil
		h.next++
		sent++
	}
	if most > 0 && sent == most {
		s.edited(protocol.AppendFrame(s.edit(), 's'))
		return nil
	}
	tag := h.tag
	if i := strings.LastIndexByte(tag, ' '); len(h.rows) > 0 && i > 0 {
		tag = tag[:i+1] + strconv.Itoa(sent) // of this Execute, as PostgreSQL has it
	}
	s.emitTag(tag)
	return nil
}
