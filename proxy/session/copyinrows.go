package session

import (
	"io"
	"strconv"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/copysplit"
)

// copyIn is a COPY FROM under way.
type copyIn struct {
	session *Session
	plan    *plan.CopyIn
	split   *copysplit.Splitter // nil: every byte goes to every member
	members []*member
	index   []int // of the members by shard
	out     [][]byte
	headed  bool
	rows    int64
}

func (s *Session) newCopyIn(p *plan.CopyIn) (*copyIn, error) {
	c := &copyIn{session: s, plan: p, index: make([]int, len(s.shards.all.List)), out: make([][]byte, p.Shards.Len())}
	n := 0
	for k := range p.Shards.Each {
		c.index[k] = n
		n++
	}
	if p.Reference {
		return c, nil
	}
	split, err := copysplit.New(copyFormat(p.Format), p.Key, p.Columns)
	if err != nil {
		return nil, err
	}
	c.split = split
	return c, nil
}

func copyFormat(f plan.CopyFormat) copysplit.Format {
	return copysplit.Format{
		Binary: f.Binary, CSV: f.CSV, Header: f.Header, Delimiter: f.Delimiter, Quote: f.Quote, Esc: f.Esc, Null: f.Null,
		ForceNull: f.ForceNull, ForceNotNul: f.ForceNotNul,
	}
}

// take splits a piece of the data.
func (c *copyIn) take(chunk []byte) error {
	if c.split == nil {
		for i := range c.members {
			c.out[i] = append(c.out[i], chunk...)
			if err := c.flush(i, false); err != nil {
				return err
			}
		}
		return nil
	}
	c.split.Write(chunk)
	return c.rowsOut()
}

// rowsOut sends on the rows that are whole.
func (c *copyIn) rowsOut() error {
	for {
		row, key, err := c.split.Next()
		switch {
		case err == copysplit.ErrMore || err == io.EOF:
			return nil
		case err != nil:
			return asCopyError(err)
		}
		c.head()
		c.rows++
		k, err := c.shardOf(key)
		if err != nil {
			return err
		}
		i := c.index[k]
		c.out[i] = append(c.out[i], row...)
		if err := c.flush(i, false); err != nil {
			return err
		}
	}
}

// head gives every shard what stands before the rows.
func (c *copyIn) head() {
	if c.headed {
		return
	}
	c.headed = true
	for i := range c.out {
		c.out[i] = append(c.out[i], c.split.Header()...)
	}
}

// shardOf finds where a row goes.
func (c *copyIn) shardOf(key [][]byte) (int, error) {
	args := make([]plan.Arg, len(key))
	for i, v := range key {
		args[i] = plan.Arg{Value: v, Null: v == nil}
		if c.plan.Format.Binary {
			args[i].Format = 1
		}
	}
	k, refusal := c.session.shards.all.Planner.Locate(c.plan.Schema, c.plan.Table, args)
	if refusal != nil {
		return 0, errClient{refusal.WithDetail("COPY " + c.plan.Table + ", row " + strconv.FormatInt(c.rows, 10))}
	}
	if !c.plan.Shards.Has(k) {
		return 0, errClient{pgerror.New(pgerror.InternalError, "a row of a COPY belongs to a shard that does not take part")}
	}
	return k, nil
}

// finish sends what is left, and what stands behind the rows.
func (c *copyIn) finish() error {
	if c.split != nil {
		c.split.Close()
		if err := c.rowsOut(); err != nil {
			return err
		}
		c.head()
		for i := range c.out {
			c.out[i] = append(c.out[i], c.split.Trailer()...)
		}
	}
	for i := range c.out {
		if err := c.flush(i, true); err != nil {
			return err
		}
	}
	return nil
}

// flush sends a member its rows when they have become many, or are the last.
func (c *copyIn) flush(i int, last bool) error {
	const enough = 32 << 10
	if len(c.out[i]) == 0 || !last && len(c.out[i]) < enough {
		return nil
	}
	m := c.members[i]
	err := m.conn.Send(copyFrame(nil, c.out[i]))
	c.out[i] = c.out[i][:0]
	if err != nil {
		return errClient{c.session.memberError(m, err)}
	}
	return nil
}

func asCopyError(err error) error {
	if refusal, ok := asRefusal(err); ok {
		return errClient{refusal}
	}
	return errClient{pgerror.New("22P04", err.Error())}
}
