package session

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
)

// declareAt declares the cursor over the rows at shard k.
func (s *Session) declareAt(o *order, p *plan.Cursor, d *Description, c *collection, k int) error {
	m, refusal := s.member(k, nil)
	if refusal != nil {
		return errClient{refusal}
	}
	names, typmods := columnNames(d.Columns)
	if len(names) == 0 {
		return errClient{errNoColumns}
	}
	types, err := s.declaredTypes(m, d, c, typmods)
	if err != nil {
		return err
	}
	args := make([]plan.Arg, len(c.columns))
	for i := range c.columns {
		if args[i], err = c.columns[i].array(s.shards.all.Planner); err != nil {
			return err
		}
	}
	st, err := s.ask(m, appendExecute(nil, p.Declare+selectRows(names, types), args, nil, false))
	s.cancelable(conns([]*member{m}))
	if err == nil {
		_, err = st.Next()
	}
	s.cancelable(nil)
	if settled := s.closeStream(m); err == nil {
		err = settled
	}
	switch {
	case err != nil:
		return errClient{s.memberError(m, err)}
	case st.Refusal != nil:
		return errClient{st.Refusal}
	}
	m.left = m.left || p.Hold
	if !o.simple {
		s.emitColumns(o, []byte{0, 0})
	}
	s.emitTag(st.Tag)
	return nil
}

var errNoColumns = pgerror.New(pgerror.FeatureNotSupported, "a cursor without columns over several shards is not supported").
	WithHint("Select a column.")

// declaredTypes are the columns' types as a cast has them, "" where the values
// need none: a length, say, is not in the arrays.
func (s *Session) declaredTypes(m *member, d *Description, c *collection, typmods []int32) ([]string, error) {
	want := s.leadTypes(d.shard, d.Columns)
	if len(want) != len(c.columns) || len(typmods) != len(want) {
		return nil, errDrift
	}
	list, some := "SELECT ''", false
	casts := make([]bool, len(want))
	for i, oid := range want {
		if c.columns[i].oid != oid {
			return nil, errDrift
		}
		if s.movesAsText(oid) {
			c.columns[i].oid, casts[i] = textOID, true
		}
		casts[i] = casts[i] || typmods[i] >= 0
		list += fmt.Sprintf(", pg_catalog.format_type(%d, %d)", oid, typmods[i])
		some = some || casts[i]
	}
	types := make([]string, len(want))
	if !some {
		return types, nil
	}
	_, err := m.conn.Ask(protocol.AppendTextQuery(nil, list), func(i int, value []byte) {
		if i > 0 && i <= len(types) && casts[i-1] {
			types[i-1] = string(value)
		}
	})
	if err != nil {
		return nil, errClient{s.memberError(m, err)}
	}
	return types, nil
}

// cursorFormats asks for binary, as arrays have it, and for text of what has
// no array type.
func (s *Session) cursorFormats(d *Description, p *plan.Scatter) []byte {
	var formats []byte
	for _, oid := range columnTypes(d.Columns) {
		format := uint16(1)
		if s.movesAsText(oid) {
			format = 0
		}
		formats = binary.BigEndian.AppendUint16(formats, format)
	}
	if p.Merge != nil {
		formats = legFormats(formats, columnCount(d.Columns), p.Merge.Hidden)
	}
	return formats
}

const textOID = 25 // pg_type.oid of text

// movesAsText reports whether values are moved as text, since there are no
// arrays of arrays, and the text is the same whatever the settings are.
func (s *Session) movesAsText(oid uint32) bool {
	return sameTextArrays[oid] && s.shards.all.Planner.ArrayOf(oid) == 0
}

// sameTextArrays are the arrays of bool, int2, int4, text, varchar, int8, numeric
// and uuid (pg_type.oid).
var sameTextArrays = map[uint32]bool{1000: true, 1005: true, 1007: true, 1009: true, 1015: true, 1016: true, 1231: true, 2951: true}

// selectRows selects what stands in arrays, a parameter each. The arrays go in
// step in the target list; in FROM, rows of a composite type would fall apart.
func selectRows(names, types []string) string {
	var outer, inner []string
	for i, name := range names {
		outer = append(outer, fmt.Sprintf(`c%d AS "%s"`, i, strings.ReplaceAll(name, `"`, `""`)))
		cast := ""
		if types[i] != "" {
			cast = "::" + types[i]
		}
		inner = append(inner, fmt.Sprintf("pg_catalog.unnest($%d)%s AS c%d", i+1, cast, i))
	}
	return "SELECT " + strings.Join(outer, ", ") + " FROM (SELECT " + strings.Join(inner, ", ") + ") AS rows"
}

// columnNames are the names and the type modifiers of a RowDescription's
// columns.
func columnNames(columns []byte) (names []string, typmods []int32) {
	for b := columns[min(2, len(columns)):]; ; {
		name, rest, ok := protocol.CString(b)
		if !ok || len(rest) < 18 {
			return names, typmods
		}
		names = append(names, string(name))
		typmods = append(typmods, int32(binary.BigEndian.Uint32(rest[12:]))) //nolint:gosec // as the wire has it
		b = rest[18:]
	}
}
