package walchanges

import "encoding/binary"

// Message is what a CopyData of the server holds while it streams
// ("Streaming Replication Protocol" in PostgreSQL's manual).
type Message struct {
	End   uint64 // the server has sent everything before it
	Line  []byte // of the plugin; nil for a keepalive
	Reply bool   // the server wants to hear from us
}

// Parse reads one. The line aliases body.
func Parse(body []byte) (m Message, ok bool) {
	switch {
	case len(body) >= 25 && body[0] == 'w':
		// The second position is the same as the first in logical replication.
		return Message{End: binary.BigEndian.Uint64(body[1:]), Line: body[25:]}, true
	case len(body) == 18 && body[0] == 'k':
		return Message{End: binary.BigEndian.Uint64(body[1:]), Reply: body[17] != 0}, true
	}
	return Message{}, false
}

// AppendStatus appends the body of a Standby status update: everything before
// at has been taken in. It asks for a keepalive.
func AppendStatus(dst []byte, at uint64) []byte {
	dst = append(dst, 'r')
	for range 3 { // written, flushed, applied
		dst = binary.BigEndian.AppendUint64(dst, at)
	}
	return append(binary.BigEndian.AppendUint64(dst, 0), 1)
}
