package sqlparse

import "bytes"

// maxShape bounds Statement.Shape, in bytes.
const maxShape = 1 << 10

// shapeOf is sql's skeleton for people.
func shapeOf(sql []byte) string {
	if len(sql) > 4*maxShape {
		sql = sql[:4*maxShape]
	}
	skeleton, _ := makeSkeleton(make([]byte, 0, min(len(sql), maxShape)), sql)
	for i, c := range skeleton {
		if markInt <= c && c <= markHex {
			skeleton[i] = '?'
		}
	}
	skeleton = bytes.TrimSpace(skeleton)
	return string(bytes.ToValidUTF8(skeleton[:min(len(skeleton), maxShape)], nil))
}

// Shape is the text without its literals: a ? for each, and none of its
// comments but hints. Statements of one shape do the same to different
// values. A long one is cut; "" for what was not parsed, and for some texts
// without literals, such as BEGIN.
func (s *Statement) Shape() string { return s.shape }
