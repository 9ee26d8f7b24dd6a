package session

import (
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Every move is in the table or panics; the end has no way out.
func TestStatesMoveByTheTable(t *testing.T) {
	for from := idle; from <= closed; from++ {
		for to := idle; to <= closed; to++ {
			s := &Session{state: from}
			moved := func() (ok bool) {
				defer func() { ok = recover() == nil }()
				s.setState(to, 1)
				return
			}()
			if want := from == to || legal(from, to); moved != want {
				t.Errorf("%v to %v: moved %v, the table says %v", from, to, moved, want)
			}
		}
	}
	if len(moves[closed]) != 0 {
		t.Error("closed is not the end")
	}
}

// What was under way decides whether its outcome is known.
func TestLostCode(t *testing.T) {
	r := sqlparse.NewReader(1 << 20)
	defer r.Close()
	for sql, want := range map[string]string{
		"select 1":                      pgerror.ConnectionFailure,
		"show work_mem":                 pgerror.ConnectionFailure,
		"begin":                         pgerror.ConnectionFailure,
		"insert into t values (1)":      pgerror.TransactionOutcomeUnknown,
		"commit":                        pgerror.TransactionOutcomeUnknown,
		"select 1; update t set a = 1":  pgerror.TransactionOutcomeUnknown,
		"call p()":                      pgerror.TransactionOutcomeUnknown,
		"this is no SQL at all":         pgerror.TransactionOutcomeUnknown,
		"with x as (select 1) select 1": pgerror.ConnectionFailure,
	} {
		q := traffic{}
		q.queue.push(expect{kind: 'Q', read: r.Read([]byte(sql))})
		if got := lostCode(&q); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	unread := traffic{}
	unread.queue.push(expect{kind: 'Q'})
	if lostCode(&unread) != pgerror.TransactionOutcomeUnknown {
		t.Error("a query that was not read counts as a read")
	}
}

func TestQueueCountsWhatEndsInReady(t *testing.T) {
	var q queue
	for _, kind := range []byte("PBDESQF") {
		q.push(expect{kind: kind})
	}
	if q.syncs() != 3 || q.empty() || q.first().kind != 'P' {
		t.Errorf("%d, first %q", q.syncs(), q.first().kind)
	}
	for !q.empty() {
		q.pop()
	}
	if q.first() != nil || q.syncs() != 0 || len(q.entries) != 7 {
		t.Error("popped entries must stay for a replay, and count no more")
	}
	q.reset()
	if len(q.entries) != 0 {
		t.Error("reset keeps entries")
	}
}

// Text in which the server sees other tokens than our lexer is not read.
func TestOddities(t *testing.T) {
	s := &Session{}
	for _, c := range []struct {
		name, value string
		sql         string
		odd         bool
	}{
		{"standard_conforming_strings", "on", `select '\'`, false},
		{"standard_conforming_strings", "off", `select 'a'`, false},
		{"standard_conforming_strings", "off", `select '\''`, true},
		{"client_encoding", "UTF8", "select 'ß'", false},
		{"client_encoding", "SJIS", "select 'a'", false},
		{"client_encoding", "SJIS", "select '\x95\x5c'", true},
		{"client_encoding", "GBK", "select '\x95\x5c'", true},
	} {
		s.told = connpool.NewParams([2]string{c.name, c.value})
		if got := s.oddities().in([]byte(c.sql)); got != c.odd {
			t.Errorf("%s=%s, %q: %v", c.name, c.value, c.sql, got)
		}
	}
}

func TestPinNames(t *testing.T) {
	all := pinSet(1<<pinReasons - 1)
	names := all.names()
	if len(names) != pinReasons || names[0] != "advisory_lock" || names[pinReasons-1] != "sequence_value" {
		t.Errorf("names are %v", names)
	}
	if pinsAudited&pinsForever != 0 {
		t.Error("a reason cannot both end and never end")
	}
	for k := sqlparse.SetParam; k <= sqlparse.Unknown; k++ {
		if p := pinOf(&sqlparse.Effect{Kind: k}); p != 0 && len(p.names()) != 1 {
			t.Errorf("%v pins for %v", k, p.names())
		}
	}
}
