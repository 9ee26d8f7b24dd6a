package session

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/copysplit"
)

// copyRowsOrder is COPY (SELECT ...) TO STDOUT whose rows are put together as
// those of the SELECT are. The servers print each value; what is left of a
// COPY is to quote them.
func (s *Session) copyRowsOrder(o *order, p *plan.CopyOut) error {
	d, err := s.describe(p.Query, nil, shardsOf(p.From.Legs).First())
	if err != nil {
		return err
	}
	rows := &order{read: o.read, sql: p.Query, simple: o.simple, copy: &copyRows{session: s, plan: p}}
	if p.Format.Binary {
		rows.formats = allBinary
	}
	return s.scatterDescribed(rows, p.From, d)
}

// beginRows tells the client of a SELECT's columns, and says who takes its rows:
// the client, or the data of a COPY.
func (s *Session) beginRows(o *order, columns []byte) (row func([]byte) error, err error) {
	if o.copy != nil {
		return o.copy.row, o.copy.begin(columns)
	}
	s.emitColumns(o, columns)
	return s.emitRow, nil
}

// endRows tells the client that these were all.
func (s *Session) endRows(o *order, tag string) error {
	if o.copy != nil {
		return o.copy.end()
	}
	s.emitTag(tag)
	return nil
}

// copyRows makes the data of a COPY TO of rows.
type copyRows struct {
	session *Session
	plan    *plan.CopyOut
	writer  *copysplit.Writer
	values  [][]byte
	data    []byte
	count   int64
}

// begin tells the client that the data come, and writes what stands before
// them.
func (c *copyRows) begin(columns []byte) error {
	names, _ := columnNames(columns)
	quoted, refusal := c.quoted(names)
	if refusal != nil {
		return errClient{refusal}
	}
	var err error
	if c.writer, err = copysplit.NewWriter(copyFormat(c.plan.Format), len(names), quoted); err != nil {
		return asCopyError(err)
	}
	format := byte(0)
	if c.plan.Format.Binary {
		format = 1
	}
	body := binary.BigEndian.AppendUint16([]byte{format}, uint16(len(names)))
	for range names {
		body = append(body, 0, format)
	}
	s := c.session
	s.edited(protocol.AppendFrame(s.edit(), 'H', body...))
	return c.send(c.writer.AppendHeader(nil, names))
}

// quoted are the columns of FORCE_QUOTE.
func (c *copyRows) quoted(names []string) (list []int, refusal *pgerror.Error) {
	for i := range names {
		if c.plan.QuoteAll {
			list = append(list, i)
		}
	}
	for _, name := range c.plan.Quoted {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, pgerror.Newf("42703", "column %q does not exist", name)
		}
		list = append(list, i)
	}
	return list, nil
}

// row writes one row.
func (c *copyRows) row(frame []byte) error {
	c.values = c.values[:0]
	if !protocol.DataRow(frame[protocol.HeaderLen:], func(_ int, value []byte) { c.values = append(c.values, value) }) {
		return errDrift
	}
	c.count++
	c.data = c.writer.AppendRow(c.data[:0], c.values)
	return c.send(c.data)
}

func (c *copyRows) send(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	s := c.session
	s.edited(copyFrame(s.edit(), data))
	return s.emit()
}

// end tells the client that these were all.
func (c *copyRows) end() error {
	if err := c.send(c.writer.AppendTrailer(nil)); err != nil {
		return err
	}
	s := c.session
	s.edited(protocol.AppendFrame(s.edit(), 'c'))
	s.emitTag(fmt.Sprintf("COPY %d", c.count))
	return nil
}
