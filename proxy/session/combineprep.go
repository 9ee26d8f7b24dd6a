package session

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/plan"
)

// combineRequest is what the combining statement is sent as. Where the
// client's text has come before, the server keeps the statement under a name:
// with few rows, most of its time would go into parsing and planning.
func (s *Session) combineRequest(o *order, m *member, sql string, args []plan.Arg) (request []byte, named *connpool.Prepared) {
	if !o.again || s.mode() == Wholly {
		return appendExecute(nil, sql, args, o.formats, true), nil
	}
	oids := binary.BigEndian.AppendUint16(nil, uint16(len(args)))
	for _, a := range args {
		oids = binary.BigEndian.AppendUint32(oids, a.OID)
	}
	p := s.env.Statements.Find([]byte(sql), oids, s.planning)
	batch := s.env.Registry.nextToken()
	if !m.conn.Has(p, batch) {
		for evicted := m.conn.Remember(p, batch); evicted != nil; evicted = m.conn.Remember(p, batch) {
			request = protocol.AppendClose(request, evicted.Name)
		}
		request = protocol.AppendParse(request, p.Name, sql, oids)
		s.tally.ServerParses++
	}
	bind := protocol.AppendBind(nil, wireArgs(args), o.formats)[protocol.HeaderLen:]
	request = protocol.AppendRenamed(request, 'B', bind, 1, 1, p.Name)
	request = protocol.AppendFrame(request, 'D', 'P', 0)
	request = protocol.AppendFrame(request, 'E', 0, 0, 0, 0, 0)
	return protocol.AppendFrame(request, 'S'), p
}

// unprepare forgets a statement that has failed: perhaps it was never parsed.
func unprepare(c *connpool.Conn, p *connpool.Prepared) {
	if c.Doomed() {
		return
	}
	c.Forget(p)
	request := protocol.AppendFrame(protocol.AppendClose(nil, p.Name), 'S')
	if _, err := c.Ask(request, nil); err != nil {
		c.Doom()
	}
}
