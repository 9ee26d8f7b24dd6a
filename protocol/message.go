package protocol

import "encoding/binary"

// Transaction status bytes of ReadyForQuery.
const (
	TxIdle   = 'I'
	TxOpen   = 'T'
	TxFailed = 'E'
)

// AppendReady appends ReadyForQuery with the transaction status.
func AppendReady(dst []byte, status byte) []byte {
	return append(dst, 'Z', 0, 0, 0, 5, status)
}

// AppendCommandComplete appends CommandComplete with the tag.
func AppendCommandComplete(dst []byte, tag string) []byte {
	start := len(dst)
	dst = beginFrame(dst, 'C')
	dst = appendCString(dst, tag)
	return endFrame(dst, start)
}

// AppendTextColumn appends a RowDescription of one text column and a DataRow
// for each of its values.
func AppendTextColumn(dst []byte, name string, values ...string) []byte {
	const textOID, variable = 25, 0xffff // pg_type.oid and typlen
	start := len(dst)
	dst = append(beginFrame(dst, 'T'), 0, 1)
	dst = appendCString(dst, name)
	dst = append(dst, 0, 0, 0, 0, 0, 0) // of no table
	dst = binary.BigEndian.AppendUint32(dst, textOID)
	dst = binary.BigEndian.AppendUint16(dst, variable)
	dst = append(dst, 0xff, 0xff, 0xff, 0xff, 0, 0) // no modifier, as text
	dst = endFrame(dst, start)
	for _, v := range values {
		start = len(dst)
		dst = append(beginFrame(dst, 'D'), 0, 1)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(v)))
		dst = endFrame(append(dst, v...), start)
	}
	return dst
}

// AppendParameterStatus appends a ParameterStatus.
func AppendParameterStatus(dst []byte, name, value string) []byte {
	start := len(dst)
	dst = beginFrame(dst, 'S')
	dst = appendCString(dst, name)
	dst = appendCString(dst, value)
	return endFrame(dst, start)
}

// AppendBackendKey appends BackendKeyData. In protocol 3.0 the key must be
// 4 bytes long, in 3.2 4 to 256.
func AppendBackendKey(dst []byte, pid uint32, key []byte) []byte {
	start := len(dst)
	dst = beginFrame(dst, 'K')
	dst = binary.BigEndian.AppendUint32(dst, pid)
	dst = append(dst, key...)
	return endFrame(dst, start)
}

// AppendAuthentication appends an Authentication message; body starts with
// its 4-byte code.
func AppendAuthentication(dst, body []byte) []byte { return AppendFrame(dst, 'R', body...) }

// AppendAuthenticationOk appends AuthenticationOk.
func AppendAuthenticationOk(dst []byte) []byte { return AppendFrame(dst, 'R', 0, 0, 0, 0) }

// AppendNegotiate appends NegotiateProtocolVersion: the version that will be
// spoken, and the _pq_ options that are not known.
func AppendNegotiate(dst []byte, version uint32, unknown []string) []byte {
	start := len(dst)
	dst = beginFrame(dst, 'v')
	dst = binary.BigEndian.AppendUint32(dst, version)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(unknown)))
	for _, name := range unknown {
		dst = appendCString(dst, name)
	}
	return endFrame(dst, start)
}

// AppendQuery appends a simple Query.
func AppendQuery(dst []byte, sql string) []byte {
	start := len(dst)
	dst = beginFrame(dst, 'Q')
	dst = appendCString(dst, sql)
	return endFrame(dst, start)
}

// AppendParse appends a Parse of sql under name. oids are the parameter
// types as they stand in a Parse message: a 2-byte count and 4 bytes each.
func AppendParse(dst []byte, name, sql string, oids []byte) []byte {
	start := len(dst)
	dst = beginFrame(dst, 'P')
	dst = appendCString(dst, name)
	dst = appendCString(dst, sql)
	dst = append(dst, oids...)
	return endFrame(dst, start)
}

// AppendTextQuery appends Parse, Bind, Describe, Execute and Sync of the
// unnamed statement with text arguments (nil = NULL) and text results.
// Values never become part of the SQL.
func AppendTextQuery(dst []byte, sql string, args ...*string) []byte {
	dst = AppendParse(dst, "", sql, []byte{0, 0})
	start := len(dst)
	dst = beginFrame(dst, 'B')
	dst = append(dst, 0, 0, 0, 0) // portal "", statement "", no format codes
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(args)))
	for _, a := range args {
		if a == nil {
			dst = append(dst, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(*a)))
		dst = append(dst, *a...)
	}
	dst = append(dst, 0, 0)
	dst = endFrame(dst, start)
	dst = AppendFrame(dst, 'E', 0, 0, 0, 0, 0)
	return AppendFrame(dst, 'S')
}

// AppendExecuteOnce appends Parse, Bind and Execute of a statement without
// arguments, as the unnamed statement, and no Sync.
func AppendExecuteOnce(dst, sql []byte) []byte {
	start := len(dst)
	dst = append(beginFrame(dst, 'P'), 0) // statement ""
	dst = append(append(dst, sql...), 0, 0, 0)
	dst = endFrame(dst, start)
	dst = AppendFrame(dst, 'B', 0, 0, 0, 0, 0, 0, 0, 0) // portal "", statement "", no formats, no arguments
	return AppendFrame(dst, 'E', 0, 0, 0, 0, 0)
}

// AppendClose appends Close of a prepared statement.
func AppendClose(dst []byte, name string) []byte {
	start := len(dst)
	dst = beginFrame(dst, 'C')
	dst = append(dst, 'S')
	dst = appendCString(dst, name)
	return endFrame(dst, start)
}

// AppendDescribe appends Describe of a prepared statement.
func AppendDescribe(dst []byte, name string) []byte {
	start := len(dst)
	dst = beginFrame(dst, 'D')
	dst = append(dst, 'S')
	dst = appendCString(dst, name)
	return endFrame(dst, start)
}

// AppendRenamed appends frame, a Parse, Bind, Describe, Close or Execute
// message, with the name at body[from:to] replaced. The body's length was
// validated when it was read, and a name is short, so the sum cannot
// overflow.
func AppendRenamed(dst []byte, typ byte, body []byte, from, to int, name string) []byte {
	start := len(dst)
	dst = beginFrame(dst, typ)
	dst = append(dst, body[:from]...)
	dst = append(dst, name...)
	dst = append(dst, body[to:]...)
	return endFrame(dst, start)
}

// DataRow calls yield with each column of a DataRow body; nil is NULL. It
// returns false when the body is not well formed, after the columns that are.
func DataRow(body []byte, yield func(i int, value []byte)) bool {
	if len(body) < 2 {
		return false
	}
	n := int(binary.BigEndian.Uint16(body))
	body = body[2:]
	for i := 0; i < n; i++ {
		if len(body) < 4 {
			return false
		}
		size := int32(binary.BigEndian.Uint32(body))
		body = body[4:]
		if size == -1 {
			yield(i, nil)
			continue
		}
		if size < 0 || int64(size) > int64(len(body)) {
			return false
		}
		yield(i, body[:size])
		body = body[size:]
	}
	return len(body) == 0
}

// AppendDataRow appends a DataRow; nil is NULL.
func AppendDataRow(dst []byte, values [][]byte) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(beginFrame(dst, 'D'), uint16(len(values))) //nolint:gosec // at most 1664 columns
	for _, v := range values {
		if v == nil {
			dst = append(dst, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(v))) //nolint:gosec // of a message
		dst = append(dst, v...)
	}
	return endFrame(dst, start)
}

// appendCString drops what follows a NUL: it could be read as another field.
func appendCString(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			s = s[:i]
			break
		}
	}
	return append(append(dst, s...), 0)
}

// BindArg is one argument of a Bind.
type BindArg struct {
	Format uint16 // 0 text, 1 binary
	Value  []byte
	Null   bool
}

// AppendBind appends a Bind of the unnamed statement to the unnamed portal.
// formats are those of the result's columns, 2 bytes each, as a Bind has
// them: none means text, one is for all.
func AppendBind(dst []byte, args []BindArg, formats []byte) []byte {
	start := len(dst)
	dst = append(beginFrame(dst, 'B'), 0, 0) // portal "", statement ""
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(args)))
	for i := range args {
		dst = binary.BigEndian.AppendUint16(dst, args[i].Format)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(args)))
	for i := range args {
		if args[i].Null {
			dst = append(dst, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(args[i].Value)))
		dst = append(dst, args[i].Value...)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(formats)/2))
	dst = append(dst, formats...)
	return endFrame(dst, start)
}
