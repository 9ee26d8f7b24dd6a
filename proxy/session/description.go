package session

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/shards/scatter"
)

// description is what a server says of the client's statement, as it stands:
// the types of its parameters, and the columns that the client must be told
// whoever puts them together. One shard is asked, once per text.
func (s *Session) description(o *order, k int) (*Description, error) {
	if d := s.known(o); d != nil {
		return d, nil
	}
	d, err := s.describe(o.sql, o.oids, k)
	if err == nil {
		o.analysis.Memo().Store(d)
	}
	return d, err
}

// describe asks shard k what a text is.
func (s *Session) describe(sql string, oids []byte, k int) (*Description, error) {
	m, refusal := s.member(k, nil)
	if refusal != nil {
		return nil, errClient{refusal}
	}
	st, err := s.askWhole(m, appendAsk(nil, sql, oids))
	switch {
	case err != nil:
		return nil, err
	case st.Refusal != nil:
		return nil, errClient{st.Refusal}
	}
	return &Description{Parameters: st.Parameters, Columns: st.Columns, oids: string(oids), shard: k}, nil
}

// askWhole sends a member a request, without its Sync, and reads all of the
// answer, in which there are no rows.
func (s *Session) askWhole(m *member, request []byte) (*scatter.Stream, error) {
	st, err := s.ask(m, protocol.AppendFrame(request, 'S'))
	if err == nil {
		err = s.closeStream(m)
	}
	if err != nil {
		return nil, errClient{s.memberError(m, err)}
	}
	return st, nil
}

// known is the description that a server has given of the text before, or nil.
func (s *Session) known(o *order) *Description {
	d := o.analysis.Memo().Load()
	if d == nil || d.oids != string(o.oids) {
		return nil
	}
	o.again = true
	return d
}

// appendAsk asks for the description of a text.
func appendAsk(dst []byte, sql string, oids []byte) []byte {
	if oids == nil {
		oids = []byte{0, 0}
	}
	return protocol.AppendDescribe(protocol.AppendParse(dst, "", sql, oids), "")
}

// described keeps what shard k has said of the client's statement.
func (o *order) described(st *scatter.Stream, k int) *Description {
	d := &Description{Parameters: st.Parameters, Columns: st.Columns, oids: string(o.oids), shard: k}
	o.analysis.Memo().Store(d)
	return d
}

// types are the parameters' types; none, if nothing is known.
func (d *Description) types() []uint32 {
	if d == nil {
		return nil
	}
	b := d.Parameters
	if len(b) < 2 {
		return nil
	}
	list := make([]uint32, 0, binary.BigEndian.Uint16(b))
	for b = b[2:]; len(b) >= 4; b = b[4:] {
		list = append(list, binary.BigEndian.Uint32(b))
	}
	return list
}
