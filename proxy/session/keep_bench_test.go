package session

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// knowing is a cluster that knows its catalog, and has never been written to.
type knowing struct {
	Servers
	router *router.Router
	clock  freshness.Clock
}

func (k *knowing) Router() *router.Router                      { return k.router }
func (k *knowing) Missed()                                     {}
func (k *knowing) LastWrite(tables []string) freshness.Instant { return k.clock.WroteTables(tables) }

const keptSQL = "SELECT abalance FROM pgbench_accounts WHERE aid = 42"

// keeping is a session of a cluster whose cache has one rule, for that table.
// It has no connections: what is measured and tested is what it decides.
func keeping(t testing.TB, table string) *Session {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(plantest.Dir(), "shards", "schema.catalog"))
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.Build(plantest.Parse(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	sql := sqlparse.NewReader(1 << 20)
	t.Cleanup(sql.Close)
	k := &knowing{router: router.New(sql.Read)}
	k.router.Use(snapshot)
	set := &Settings{}
	if table != "" {
		kept := cache.New(cache.Limits{Bytes: 1 << 20})
		rule := KeepRule{Rule: kept.Rule("r"), Tables: map[string]bool{table: true}, TTL: time.Hour, MaxEntry: 1 << 10}
		set.Keep = &Keep{Cache: kept, Hinted: kept.Rule(cache.ByHint), Rules: []KeepRule{rule}}
	}
	settings := new(atomic.Pointer[Settings])
	settings.Store(set)
	told := connpool.NewParams([2]string{"server_version", "15.4"}, [2]string{"timezone", "UTC"}, [2]string{"client_encoding", "UTF8"}, [2]string{"datestyle", "ISO, MDY"}, [2]string{"integer_datetimes", "on"})
	return &Session{
		env: &Env{SQL: sql}, pool: &connpool.Pool{User: "app"}, servers: k, settings: settings, idleStatus: protocol.TxIdle, wish: wishOf(connpool.Params{}), told: told,
		params: connpool.NewParams([2]string{"application_name", "bench"}, [2]string{"search_path", "public"}),
		noting: set.Keep != nil,
	}
}

// question is a batch of one question.
func question(named bool) []byte {
	name := ""
	var b []byte
	if named {
		name = "s1"
	} else {
		b = protocol.AppendParse(b, "", keptSQL, []byte{0, 0})
	}
	b = protocol.AppendFrame(b, 'B', append([]byte("\x00"+name+"\x00"), 0, 0, 0, 0, 0, 0)...)
	b = protocol.AppendFrame(b, 'E', 0, 0, 0, 0, 0)
	return protocol.AppendFrame(b, 'S')
}

// BenchmarkUnkept is what a statement pays for a cache without a rule for it.
func BenchmarkUnkept(b *testing.B) {
	for _, mode := range []struct{ name, table string }{{"off", ""}, {"on", "pgbench_branches"}} {
		s := keeping(b, mode.table)
		s.traffic()
		body := []byte(keptSQL + "\x00")
		read := s.read(body[:len(body)-1])
		b.Run("simple/"+mode.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if s.keptQuery(read, body[:len(body)-1], 0) {
					b.Fatal("answered")
				}
				s.noteWrite(read)
			}
		})
		s.t = nil
		s.statement("s1", &statement{name: "s1", read: read, shared: &connpool.Prepared{SQL: keptSQL, OIDs: []byte{0, 0}}})
		for _, named := range []bool{true, false} {
			in := question(named)
			name := map[bool]string{true: "prepared/", false: "extended/"}[named]
			b.Run(name+mode.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if s.settings.Load().Keep != nil {
						if done, _ := s.keptBatch(in, 0); done {
							b.Fatal("answered")
						}
					}
					if t := s.traffic(); !named && t.first == nil { // as takeParse does
						t.first = s.read(body[:len(body)-1])
					}
					s.noteWrite(read)
					s.dropTraffic()
				}
			})
		}
	}
}

// BenchmarkKept is what a hit costs beside its two system calls.
func BenchmarkKept(b *testing.B) {
	s := keeping(b, "pgbench_accounts")
	body := []byte(keptSQL + "\x00")
	read := s.read(body[:len(body)-1])
	rule, v := s.keptBy(read, 0)
	if rule == nil {
		b.Fatal("no rule: ", v)
	}
	q := &keptQuestion{read: read, sql: body[:len(body)-1]}
	if s.lookUp(q, rule, v) != nil || s.t.fill == nil {
		b.Fatal("nothing to fill")
	}
	s.t.fill.Commit([]byte("answer"), cache.Instant(freshness.Now()), 0)
	b.ReportAllocs()
	for b.Loop() {
		s.t.fill = nil
		s.t.edited = nil
		if !s.keptQuery(s.read(body[:len(body)-1]), body[:len(body)-1], 0) {
			b.Fatal("missed")
		}
		s.t.edited.Release()
	}
}

// TestUnkeptAllocatesNothing: a cache that has no rule for a statement costs it
// no memory.
func TestUnkeptAllocatesNothing(t *testing.T) {
	s := keeping(t, "pgbench_branches")
	body := []byte(keptSQL + "\x00")
	read := s.read(body[:len(body)-1])
	in := question(false)
	s.traffic()
	if n := testing.AllocsPerRun(100, func() {
		if s.keptQuery(read, body[:len(body)-1], 0) {
			t.Error("a query was answered")
		}
		if done, _ := s.keptBatch(in, 0); done {
			t.Error("a batch was answered")
		}
		s.noteWrite(read)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if s.t.first != read {
		t.Error("takeParse would read the batch's text again")
	}
}
