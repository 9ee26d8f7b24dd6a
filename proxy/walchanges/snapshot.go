package walchanges

import (
	"strconv"
	"strings"
)

// Snapshot is what pg_current_snapshot() says: which transactions could be
// seen at that moment.
type Snapshot struct {
	xmax    uint32
	running []uint32
}

// ParseSnapshot reads xmin:xmax:xid,xid,...
func ParseSnapshot(text string) (s Snapshot, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return s, false
	}
	xmax, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return s, false
	}
	s.xmax = uint32(xmax)
	if parts[2] == "" {
		return s, true
	}
	for word := range strings.SplitSeq(parts[2], ",") {
		xid, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			return s, false
		}
		s.running = append(s.running, uint32(xid))
	}
	return s, true
}

// Shows reports whether a transaction that is known to have committed can be
// seen. The log tells of a commit before PostgreSQL lets anybody see it, by as
// long as synchronous replication takes. Numbers are compared as
// TransactionIdPrecedes does, modulo 2^32.
func (s Snapshot) Shows(xid uint32) bool {
	if int32(xid-s.xmax) >= 0 {
		return false
	}
	for _, r := range s.running {
		if r == xid {
			return false
		}
	}
	return true
}
