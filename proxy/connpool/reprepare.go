package connpool

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/wyeproxy/wye/protocol"
)

// Shape identifies the names and types of a statement's result columns. 0 is
// no statement's; the value means nothing in another process.
type Shape uint64

var shapeSeed = maphash.MakeSeed()

// NoColumns is the shape of a statement without a result.
const NoColumns Shape = 1

// ShapeOf reads a RowDescription body.
func ShapeOf(body []byte) Shape {
	if len(body) < 2 {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(shapeSeed)
	n := int(binary.BigEndian.Uint16(body))
	body = body[2:]
	for range n {
		name, rest, ok := protocol.CString(body)
		if !ok || len(rest) < 18 {
			return 0
		}
		_, _ = h.Write(name)
		_ = h.WriteByte(0)
		_, _ = h.Write(rest[6:10]) // the type; before it the column's origin, behind it size, modifier and format
		body = rest[18:]
	}
	return Shape(h.Sum64() | 2)
}

// Reprepare has the server parse p again, after its old statement went stale,
// and returns the shape of what it gives now. The server must be ready.
func (c *Conn) Reprepare(p *Prepared) (Shape, error) {
	return c.prepare(protocol.AppendClose(nil, p.Name), p)
}

// Prepare has the server parse p, which it does not have, and returns the
// shape of its result. The server must be ready.
func (c *Conn) Prepare(p *Prepared) (Shape, error) { return c.prepare(nil, p) }

func (c *Conn) prepare(request []byte, p *Prepared) (Shape, error) {
	request = protocol.AppendParse(request, p.Name, p.SQL, p.OIDs)
	request = protocol.AppendDescribe(request, p.Name)
	request = protocol.AppendFrame(request, 'S')
	shape := NoColumns
	_, err := c.Converse(request, func(typ byte, body []byte) {
		if typ == 'T' {
			shape = ShapeOf(body)
		}
	})
	return shape, err
}
