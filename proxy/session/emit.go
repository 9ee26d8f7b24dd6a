package session

import (
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol"
)

// emit sends the client what has been put together when it has become much.
func (s *Session) emit() error {
	const enough = 32 << 10
	if s.t.edited == nil || s.t.edited.W < enough {
		return nil
	}
	return s.sendEdited()
}

// emitRow passes a row on.
func (s *Session) emitRow(row []byte) error {
	if h := s.shards.hold; h != nil {
		return h.keep(row)
	}
	s.edited(append(s.edit(), row...))
	return s.emit()
}

// emitColumns tells the client the columns, unless it did not ask.
func (s *Session) emitColumns(o *order, columns []byte) {
	if !o.describe || len(columns) < 2 {
		return
	}
	if columns[0] == 0 && columns[1] == 0 {
		if !o.simple {
			s.edited(protocol.AppendFrame(s.edit(), 'n'))
		}
		return
	}
	s.edited(protocol.AppendFrame(s.edit(), 'T', columns...))
}

// emitTag tells the client that the statement is complete.
func (s *Session) emitTag(tag string) {
	if h := s.shards.hold; h != nil {
		h.tag = tag
		return
	}
	s.edited(protocol.AppendCommandComplete(s.edit(), tag))
}

// sumTags adds up the rows that command tags count: "UPDATE 3", "INSERT 0 2".
func sumTags(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	i := strings.LastIndexByte(tags[0], ' ')
	if i < 0 {
		return tags[0]
	}
	sum, ok := int64(0), true
	for _, t := range tags {
		n, err := strconv.ParseInt(t[strings.LastIndexByte(t, ' ')+1:], 10, 64)
		sum, ok = sum+n, ok && err == nil
	}
	if !ok {
		return tags[0]
	}
	return tags[0][:i+1] + strconv.FormatInt(sum, 10)
}
