package session

import (
	"bytes"
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// keptQuestion is one question, and how its answer is to be put: what an answer is
// kept under, but for who asks.
type keptQuestion struct {
	read *sqlparse.Statement
	sql  []byte
	from int // the shard, or EveryShard
	// In the extended protocol:
	extended  bool
	parse     []byte // the Parse of the unnamed statement, whole; nil if the batch has none
	oids      []byte // the types that its Parse gave
	args      []byte // Bind after the names: formats, values and result formats
	described bool   // the portal's columns are asked for
	shape     connpool.Shape
	size      int // bytes of the batch in the client's input
}

// questionAhead reads the batch that stands in the client's input, if all of
// it has come and it is one question: perhaps a Parse of the unnamed
// statement, a Bind, perhaps a Describe of the portal, an Execute to the end,
// a Sync.
func (s *Session) questionAhead(in []byte) (q keptQuestion, ok bool) {
	q.extended = true
	step := byte('P')
	for {
		typ, total, whole, err := protocol.PeekClient(in[q.size:])
		if err != nil || !whole || len(in)-q.size < total {
			return q, false
		}
		frame := in[q.size : q.size+total]
		body := frame[protocol.HeaderLen:]
		q.size += total
		switch {
		case typ == 'P' && step == 'P':
			ok = s.asksParse(&q, frame, body)
			step = 'B'
		case typ == 'B' && (step == 'P' || step == 'B'):
			ok = s.asksBind(&q, body)
			step = 'D'
		case typ == 'D' && step == 'D':
			ok = len(body) == 2 && body[0] == 'P' && body[1] == 0
			q.described, step = true, 'E'
		case typ == 'E' && (step == 'D' || step == 'E'):
			ok = len(body) == 5 && binary.BigEndian.Uint32(body[1:]) == 0 && body[0] == 0
			step = 'S'
		case typ == 'S' && step == 'S' && len(body) == 0:
			return q, true
		default:
			ok = false
		}
		if !ok {
			return q, false
		}
	}
}

func (s *Session) asksParse(q *keptQuestion, frame, body []byte) bool {
	p, ok := splitParse(body)
	if !ok || len(p.name) > 0 || len(p.oids) < 2 || len(p.oids) != 2+4*int(binary.BigEndian.Uint16(p.oids)) {
		return false
	}
	q.parse, q.sql, q.oids = frame, p.sql, p.oids
	return true
}

func (s *Session) asksBind(q *keptQuestion, body []byte) bool {
	portal, rest, ok1 := protocol.CString(body)
	name, args, ok2 := protocol.CString(rest)
	if !ok1 || !ok2 || len(portal) > 0 || len(name) > 0 && q.parse != nil {
		return false
	}
	q.args = args
	if q.parse != nil {
		if s.t != nil && s.t.first != nil {
			q.read = s.t.first // on a sharded cluster it was looked at already
		} else {
			q.read = s.read(q.sql)
		}
		return true
	}
	p, ok := s.statementAhead(nil, name)
	q.read, q.sql, q.oids = p.read, p.sql, p.oids
	if len(name) > 0 && ok {
		q.shape = s.statements[string(name)].shape
	}
	return ok
}

// appendKey appends what the answer is kept under. Each field is preceded by
// its length, so that no two questions have the same key.
func (s *Session) appendKey(dst []byte, q *keptQuestion) []byte {
	dst = appendField(dst, s.keptAs())
	kind := byte('Q')
	switch {
	case q.described:
		kind = 'D'
	case q.extended:
		kind = 'E'
	}
	dst = append(dst, kind, byte(q.from))
	dst = appendField(dst, q.sql)
	if !q.extended {
		return dst
	}
	dst = binary.BigEndian.AppendUint64(dst, uint64(q.shape))
	dst = appendField(dst, q.oids)
	return appendField(dst, q.args)
}

func appendField(dst, field []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(field)))
	return append(dst, field...)
}

// keptAs is who asks: the user, and all parameters that can change an answer,
// both those that the client has set, its role among them, and those that
// servers report. It is put together again only when they change.
func (s *Session) keptAs() []byte {
	k := &s.keyed
	if k.text != nil && k.params == s.params && k.told == s.told {
		return k.text
	}
	k.params, k.told = s.params, s.told
	k.text = appendField(k.text[:0], []byte(s.User()))
	for name, value := range s.params.All {
		k.text = appendPair(k.text, name, value)
	}
	k.text = append(k.text, 0)
	for name, value := range s.told.All {
		k.text = appendPair(k.text, name, value)
	}
	return k.text
}

// keyed is the part of the keys that is the session's.
type keyed struct {
	params, told connpool.Params
	text         []byte
}

// telling are parameters that say who asks or which server answers, and
// change no answer: current_setting() is never kept.
var telling = map[string]bool{"application_name": true, inHotStandby: true, "wye.cache": true, "wye.role": true}

func appendPair(dst []byte, name, value string) []byte {
	if telling[name] {
		return dst
	}
	dst = append(append(dst, name...), 0)
	return append(append(dst, value...), 0)
}

// clockWords are literals whose meaning is the time at which they are read
// (the special values of PostgreSQL's date and time types).
var clockWords = [][]byte{[]byte("now"), []byte("today"), []byte("tomorrow"), []byte("yesterday")}

// tellsTime reports whether the text or an argument of the question may mean
// the present time. It may be wrong in that direction only.
func (q *keptQuestion) tellsTime() bool {
	sql, args := bytes.ToLower(q.sql), bytes.ToLower(q.args)
	for _, w := range clockWords {
		if hasWord(sql, w) || hasWord(args, w) {
			return true
		}
	}
	return false
}

func hasWord(text, word []byte) bool {
	for from := 0; ; {
		i := bytes.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		from = i + len(word)
		if (i == 0 || !inWord(text[i-1])) && (from == len(text) || !inWord(text[from])) {
			return true
		}
	}
}

func inWord(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' }
