package watch

import (
	"fmt"
	"strconv"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// Report is what one server answered.
type Report struct {
	Asked      freshness.Instant // the moment the question was sent
	Took       time.Duration
	InRecovery bool
	Timeline   uint32        // 0 is unknown
	System     string        // system identifier; "" is unknown
	Started    string        // the postmaster's start time, to tell restarts apart
	Blind      bool          // its user is not shown what a standby streams: Timeline may be late
	Position   freshness.LSN // inserted by a primary, replayed by a standby; the end of a record
}

// The question, in one statement and one row of text, the same for both
// roles: what a server answers tells its role. A server that is promoted
// between two of its parts answers still: the functions of a standby go on
// working. All names are qualified, so no search_path bends it.
//
// questionFull asks besides what seldom changes. A standby's timeline is the
// newest it is known to be on: what its receiver streams (hidden from users
// without pg_read_all_stats, absent while it does not stream), and what its
// control file holds, which follows later.
const (
	questionHead = `SELECT r::pg_catalog.text,
 CASE WHEN r THEN coalesce(pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text, '')
 ELSE pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text END,
 CASE WHEN r THEN '' ELSE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) END`
	questionRare = `,
 pg_catalog.pg_postmaster_start_time()::pg_catalog.text, pg_catalog.current_setting('wal_block_size'),
 EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver WHERE received_tli IS NULL)::pg_catalog.text`
	questionReceiver = `(SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver)`
	questionTail     = ` FROM (SELECT pg_catalog.pg_is_in_recovery() AS r OFFSET 0) AS role`

	questionLight = questionHead + questionTail
	questionFull  = questionHead + questionRare + `,
 coalesce(greatest(` + questionReceiver + `,
 (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()),
 (SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery()))::pg_catalog.text, ''),
 (SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system())` + questionTail
	// questionPlain is for a user from whom the pg_control functions were
	// taken away.
	questionPlain = questionHead + questionRare + `,
 coalesce(` + questionReceiver + `::pg_catalog.text, ''), ''` + questionTail
)

// Columns of the answer.
const (
	colRecovery = iota
	colPosition
	colWalTimeline
	lightColumns
)

// Columns that only a full answer has.
const (
	colStarted = lightColumns + iota
	colWalPage
	colBlind
	colTimeline
	colSystem
	fullColumns
)

// defaultWalPage is XLOG_BLCKSZ unless PostgreSQL was built otherwise.
const defaultWalPage = 8192

// read understands the answer to any of the questions. What a light question
// leaves out is taken from the last full answer of the same postmaster.
func read(rows [][]string, last Report, walPage uint32) (r Report, page uint32, err error) {
	if len(rows) != 1 || (len(rows[0]) != lightColumns && len(rows[0]) != fullColumns) {
		return r, walPage, fmt.Errorf("want one row about the server, got %d", len(rows))
	}
	row := rows[0]
	r.InRecovery = row[colRecovery] == "true"
	r.Timeline, r.System, r.Started, r.Blind = last.Timeline, last.System, last.Started, last.Blind
	if len(row) == fullColumns {
		r.System, r.Started, r.Blind = row[colSystem], row[colStarted], row[colBlind] == "true"
		walPage = uint32(number(row[colWalPage], 10))
		r.Timeline = uint32(number(row[colTimeline], 10))
		if r.InRecovery && r.Started == last.Started && r.System == last.System {
			r.Timeline = max(r.Timeline, last.Timeline) // its receiver may be gone, what it replayed is not
		}
	}
	if !r.InRecovery {
		r.Timeline = uint32(number(row[colWalTimeline], 16))
		if row[colRecovery] != "false" || r.Timeline == 0 {
			return r, walPage, fmt.Errorf("it answers %q, %q to what its role and timeline are", row[colRecovery], row[colWalTimeline])
		}
	}
	if row[colPosition] == "" { // a standby that has not replayed anything
		return r, walPage, nil
	}
	at, err := freshness.ParseLSN(row[colPosition])
	r.Position = freshness.RecordEnd(at, walPage)
	return r, walPage, err
}

// number reads a number; what is none is 0, which is unknown.
func number(s string, base int) uint64 {
	n, err := strconv.ParseUint(s, base, 32)
	if err != nil {
		return 0
	}
	return n
}
