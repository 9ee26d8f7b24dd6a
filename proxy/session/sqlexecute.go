package session

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// executeOrder runs EXECUTE: the statement that it names, with its values.
func (s *Session) executeOrder(o *order) error {
	st, err := s.preparedNamed(o.read.Parts[0].Name)
	if err != nil {
		return err
	}
	args, hints, ok := sqlparse.ExecuteText([]byte(o.sql))
	if !ok {
		return errClient{errPrepareText}
	}
	run := &order{read: st.read, sql: st.shared.SQL, oids: []byte(st.shared.OIDs), formats: o.formats, describe: o.describe, simple: o.simple}
	if len(hints) > 0 {
		run.sql = string(hints) + run.sql
		run.read = s.read([]byte(run.sql))
	}
	d, err := s.preparedDescription(st, run)
	if err != nil {
		return err
	}
	if run.args, err = s.executeArgs(run, st.name, args, d.types()); err != nil {
		return err
	}
	return s.runOrder(run)
}

// describeExecute describes an EXECUTE: by the columns of what it runs.
func (s *Session) describeExecute(o *order) (*Description, error) {
	if s.shards.gang.failed {
		return nil, errClient{errFailedTx}
	}
	if s.statements[o.read.Parts[0].Name] == nil {
		return &Description{Parameters: []byte{0, 0}}, nil // it may be there when it is run
	}
	st, err := s.preparedNamed(o.read.Parts[0].Name)
	if err != nil {
		return nil, err
	}
	run := &order{read: st.read, sql: st.shared.SQL, oids: []byte(st.shared.OIDs)}
	d, err := s.preparedDescription(st, run)
	if err != nil {
		return nil, err
	}
	return &Description{Parameters: []byte{0, 0}, Columns: d.Columns}, nil
}

// explainNamed is the statement that an EXECUTE runs, or that a PREPARE keeps; nil
// for others.
func (s *Session) explainNamed(read *sqlparse.Statement, sql []byte) (*sqlparse.Statement, []byte) {
	switch read.Kind() {
	case sqlparse.KindPrepare:
		if _, query, ok := sqlparse.PrepareText(sql); ok {
			return s.read(query), query
		}
	case sqlparse.KindExecute:
		if st := s.statements[read.Parts[0].Name]; st != nil && st.shared != nil {
			return st.read, []byte(st.shared.SQL)
		}
	}
	return nil, nil
}

// preparedDescription is what the statement is now. Where its columns are not
// those any more that they were when it was prepared, it cannot be executed.
func (s *Session) preparedDescription(st *statement, run *order) (*Description, error) {
	if s.analyzeOrder(run); run.analysis == nil {
		return nil, errClient{errPrepareEffects}
	}
	d, err := s.description(run, s.anyShard(0))
	if err != nil {
		return nil, err
	}
	was := st.prepared
	if was == nil {
		return d, nil // prepared by the protocol, which told the client nothing yet
	}
	if !s.sameShape(was, d) {
		return nil, errClient{errShape}
	}
	return was, nil
}

// sameShape compares names, types and modifiers of columns, and the types of
// parameters. was is the lead shard's.
func (s *Session) sameShape(was, is *Description) bool {
	names, mods := columnNames(was.Columns)
	names2, mods2 := columnNames(is.Columns)
	return slices.Equal(names, names2) && slices.Equal(mods, mods2) &&
		slices.Equal(columnTypes(was.Columns), s.leadTypes(is.shard, is.Columns)) &&
		slices.EqualFunc(was.types(), is.types(), func(a, b uint32) bool { return a == s.leadType(is.shard, b) })
}

// executeArgs has a server compute the values of EXECUTE, and make them of the
// types that the statement has.
func (s *Session) executeArgs(run *order, name string, args []byte, types []uint32) ([]plan.Arg, error) {
	if args == nil && len(types) == 0 {
		return nil, nil
	}
	k, any, err := s.argsShard(args, types)
	if err != nil {
		return nil, err
	}
	var at *Reader
	if any && s.shards.gang.members[k] == nil && s.roleOf(run.read) == plan.Replica {
		if to := s.readersFor(plan.Replica); to != nil {
			at = to(k) // where it may read itself
		}
	}
	m, refusal := s.member(k, at)
	if refusal != nil {
		return nil, errClient{refusal}
	}
	oids := binary.BigEndian.AppendUint16(nil, uint16(len(types))) //nolint:gosec // it came as such
	var formats []byte
	list := make([]string, len(types))
	for i, oid := range types {
		oids = binary.BigEndian.AppendUint32(oids, oid)
		list[i] = "$" + strconv.Itoa(i+1)
		formats = binary.BigEndian.AppendUint16(formats, argFormat(oid))
	}
	call := "EXECUTE " + ownStatement
	if args != nil {
		call += "(" + string(args) + "\n)" // behind a comment
	}
	b := protocol.AppendParse(nil, ownStatement, "SELECT "+strings.Join(list, ", "), oids)
	b = protocol.AppendParse(b, "", call, []byte{0, 0})
	b = protocol.AppendBind(b, nil, formats)
	b = protocol.AppendFrame(b, 'E', 0, 0, 0, 0, 0)
	b = protocol.AppendClose(b, ownStatement)
	return s.readArgs(m, protocol.AppendFrame(b, 'S'), name, types)
}

// argFormat is binary for PostgreSQL's own types, and text for others, whose
// numbers differ between servers.
func argFormat(oid uint32) uint16 {
	if oid >= firstNormalOID {
		return 0
	}
	return 1
}

// argsShard is where the values are computed: some functions are for the lead
// shard, some are refused. any: another shard would do.
func (s *Session) argsShard(args []byte, types []uint32) (k int, any bool, err error) {
	k = s.anyShard(0)
	for _, oid := range types {
		if oid >= firstNormalOID {
			k = 0
		}
	}
	if len(args) == 0 {
		return k, true, nil
	}
	sql := append([]byte("SELECT "), args...)
	read := s.read(sql)
	if !read.Plain() {
		return 0, false, errClient{errExecuteEffects}
	}
	switch p := s.planText(read, sql, nil).(type) {
	case *plan.Reject:
		return 0, false, errClient{p.Err}
	case *plan.Direct:
		if !p.AnyShard {
			return p.Shard, false, nil
		}
	}
	return k, true, nil // what reads tables, the server refuses
}

var errExecuteEffects = pgerror.New(pgerror.FeatureNotSupported, "EXECUTE with values that act on the session is not supported on a sharded cluster").
	WithHint("Compute the value first.")

// readArgs takes in the one row of values.
func (s *Session) readArgs(m *member, request []byte, name string, types []uint32) ([]plan.Arg, error) {
	args := make([]plan.Arg, len(types))
	st, err := s.ask(m, request)
	if err == nil {
		var row []byte
		if row, err = st.Next(); err == nil && row != nil {
			protocol.DataRow(row[protocol.HeaderLen:], func(i int, value []byte) {
				a := plan.Arg{OID: types[i], Format: int16(argFormat(types[i])), Null: value == nil} //nolint:gosec // 0 or 1
				if a.OID >= firstNormalOID {
					a.OID = 0
				}
				if value != nil {
					a.Value = append([]byte{}, value...)
				}
				args[i] = a
			})
		}
	}
	if closed := s.closeStream(m); err == nil {
		err = closed
	}
	switch {
	case err != nil:
		return nil, errClient{s.memberError(m, err)}
	case st.Refusal != nil:
		return nil, errClient{s.ownError(m, st.Refusal, name)}
	}
	return args, nil
}
