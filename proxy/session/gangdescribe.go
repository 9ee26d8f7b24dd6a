package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// resultFormats are the result formats of a Bind after its names.
func resultFormats(args []byte) ([]byte, bool) {
	_, b, ok := counted(args, 2)
	if !ok || len(b) < 2 {
		return nil, false
	}
	n := int(b[0])<<8 | int(b[1])
	for b = b[2:]; n > 0; n-- {
		if len(b) < 4 {
			return nil, false
		}
		size := int32(uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]))
		b = b[4:]
		if size >= 0 {
			if int64(size) > int64(len(b)) {
				return nil, false
			}
			b = b[size:]
		}
	}
	formats, rest, ok := counted(b, 2)
	return formats, ok && len(rest) == 0
}

func (s *Session) gangDescribe(body []byte) error {
	if len(body) < 2 || body[len(body)-1] != 0 {
		return errClient{pgerror.New(pgerror.ProtocolViolation, "invalid Describe message")}
	}
	name := body[1 : len(body)-1]
	var o *order
	if body[0] == 'S' {
		var err error
		if o, err = s.gangStatement(name); err != nil {
			return err
		}
	} else {
		p := s.shards.portals[string(name)]
		if p == nil {
			return errClient{pgerror.Newf(pgerror.InvalidCursorName, "portal %q does not exist", name)}
		}
		o = p.order
	}
	d, err := s.describeOrder(o)
	if err != nil {
		return err
	}
	if body[0] == 'S' {
		s.edited(protocol.AppendFrame(s.edit(), 't', d.Parameters...))
	}
	shown := *o
	shown.describe = true
	columns := d.Columns
	if len(columns) < 2 {
		columns = []byte{0, 0}
	}
	s.emitColumns(&shown, withFormats(columns, o.formats))
	return nil
}

// describeOrder has the lead shard describe a statement.
func (s *Session) describeOrder(o *order) (*Description, error) {
	switch kind := o.read.Kind(); {
	case !o.read.Parsed():
	case kind == sqlparse.KindFetch:
		return s.describeAt(o, s.cursorShard(o.read.Parts[0].Name))
	case kind == sqlparse.KindDeclare:
		return s.describeAt(o, s.anyShard(0))
	case kind == sqlparse.KindExecute:
		return s.describeExecute(o)
	}
	if o.analysis == nil {
		return &Description{Parameters: []byte{0, 0}}, nil // it is about the transaction
	}
	if s.shards.gang.failed {
		return nil, errClient{errFailedTx}
	}
	return s.description(o, s.anyShard(0))
}

// describeAt has a shard describe a statement of which nothing is known for
// another time.
func (s *Session) describeAt(o *order, k int) (*Description, error) {
	if s.shards.gang.failed {
		return nil, errClient{errFailedTx}
	}
	return s.describe(o.sql, o.oids, k)
}
