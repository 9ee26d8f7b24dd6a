package connpool

import "github.com/wyeproxy/wye/protocol"

// Held is what a server session holds that a transaction's end does not
// release.
type Held struct {
	AdvisoryLocks, TempObjects, HeldCursors, Prepared, Listening bool
	User                                                         string // session_user
}

// The statement looks only at system catalogs, by qualified names, and takes
// no lock of its own that outlives it. pg_my_temp_schema() is 0 in a session
// that never had a temporary object.
const auditSQL = `select
 exists (select from pg_catalog.pg_locks where locktype operator(pg_catalog.=) 'advisory' and pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()),
 pg_catalog.pg_my_temp_schema() operator(pg_catalog.<>) 0::pg_catalog.oid and (
  exists (select from pg_catalog.pg_class where relnamespace operator(pg_catalog.=) pg_catalog.pg_my_temp_schema()) or
  exists (select from pg_catalog.pg_proc where pronamespace operator(pg_catalog.=) pg_catalog.pg_my_temp_schema()) or
  exists (select from pg_catalog.pg_type where typnamespace operator(pg_catalog.=) pg_catalog.pg_my_temp_schema())),
 exists (select from pg_catalog.pg_cursors where is_holdable),
 exists (select from pg_catalog.pg_prepared_statements where from_sql or not name operator(pg_catalog.~~) 'wye\_%'),
 exists (select from pg_catalog.pg_listening_channels()),
 session_user`

// Audit asks the server what the session holds. The server must be idle, and
// not in a transaction.
func (c *Conn) Audit() (Held, error) {
	var h Held
	_, err := c.Ask(protocol.AppendQuery(nil, auditSQL), func(i int, v []byte) {
		is := len(v) == 1 && v[0] == 't'
		switch i {
		case 0:
			h.AdvisoryLocks = is
		case 1:
			h.TempObjects = is
		case 2:
			h.HeldCursors = is
		case 3:
			h.Prepared = is
		case 4:
			h.Listening = is
		case 5:
			h.User = string(v)
		}
	})
	return h, err
}
