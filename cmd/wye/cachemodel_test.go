package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	modelRows = 16
	// modelLate is how late news of writes made elsewhere may be (one second),
	// and what the test itself may lose on a busy machine between taking a
	// time and asking.
	modelLate = 1500 * time.Millisecond
)

// cacheModel knows how old an answer may be.
type cacheModel struct {
	acked  []atomic.Int64 // the value of each row that a client of wye was told it had written
	mu     sync.Mutex
	behind [][]madeElsewhere // values written past wye, by row, in order
	reads  atomic.Int64
	wrong  atomic.Int64
}

type madeElsewhere struct {
	at    time.Time // when its commit was acknowledged
	value int64
}

func newCacheModel(rows int) *cacheModel {
	return &cacheModel{acked: make([]atomic.Int64, rows), behind: make([][]madeElsewhere, rows)}
}

// least is the smallest value that a read of the row may give which begins now.
func (m *cacheModel) least(row int) int64 {
	least := m.acked[row].Load()
	m.mu.Lock()
	defer m.mu.Unlock()
	late := time.Now().Add(-modelLate)
	for _, w := range m.behind[row] {
		if w.at.Before(late) {
			least = max(least, w.value)
		}
	}
	return least
}

func (m *cacheModel) told(row int, value int64) {
	for a := &m.acked[row]; ; {
		old := a.Load()
		if old >= value || a.CompareAndSwap(old, value) {
			return
		}
	}
}

func (m *cacheModel) elsewhere(row int, value int64, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.behind[row]
	if len(list) > 64 { // the newest one that is old enough stands for all before it
		list = list[len(list)-32:]
	}
	m.behind[row] = append(list, madeElsewhere{at, value})
}

// modelReads is how many reads the model checker makes.
func modelReads() int64 {
	if n, err := strconv.ParseInt(os.Getenv("WYE_CACHE_READS"), 10, 64); err == nil {
		return n
	}
	return 8_000
}

// TestCacheModel: readers, writers through wye and past it, definitions and
// rights that change, roles that change, all at once; half of the readers in
// transactions. No answer is older than
// what was acknowledged through wye before it was asked for, or elsewhere a
// second before; nobody reads what his role may not.
func TestCacheModel(t *testing.T) {
	t.Parallel()
	rig, conn, behind := heardRig(t, 1)
	behind("create role reader; create role nobody; grant reader, nobody to app")
	for row := range modelRows { // a table for each: a write ends what is kept of its table
		behind(fmt.Sprintf("create table c%[1]d (id int primary key, v int8 not null, note text default ''); insert into c%[1]d values (0, 0); alter table c%[1]d owner to app", row))
		must(t, conn, fmt.Sprintf("grant select on c%d to reader", row))
	}
	behind("create function bump() returns int8 language sql as $$update c0 set v = v + 1 returning v$$")
	hint := "/* wye: cache=1h */ "
	eventually(t, "it is kept", func() bool {
		return strings.Contains(explained(t, conn, hint+"select v from c1"), "cache    rule (hint)")
	})
	m, goal := newCacheModel(modelRows), modelReads()
	done := make(chan struct{})
	var work, reading sync.WaitGroup
	until := func(f func(i int)) {
		work.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					f(i)
				}
			}
		})
	}
	for w := range 2 {
		c := connect(t, rig.url)
		until(func(i int) {
			row := rand.IntN(modelRows)
			sql := fmt.Sprintf("update c%d set v = v + 1 returning v", row)
			if w == 1 && i%20 == 0 {
				row, sql = 0, "select bump()"
			}
			rows, err := run(c, sql)
			if err != nil {
				t.Errorf("%s: %v", sql, err)
				return
			}
			v, _ := strconv.ParseInt(rows[0][0], 10, 64)
			m.told(row, v)
			time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		})
	}
	past := connect(t, rig.Primary.SuperuserURL(rig.Database))
	until(func(int) {
		row := rand.IntN(modelRows)
		v, _ := strconv.ParseInt(must(t, past, fmt.Sprintf("update c%d set v = v + 1 returning v", row)), 10, 64)
		m.elsewhere(row, v, time.Now())
		time.Sleep(time.Duration(rand.IntN(50)) * time.Millisecond)
	})
	definer := connect(t, rig.url)
	until(func(i int) {
		keptAgain(t, definer, hint+"select v from c1", done)
		if i%2 == 0 {
			m.revoke(t, rig, definer)
		} else {
			must(t, definer, fmt.Sprintf("alter table c%d alter note set default '%d'", i%modelRows, i))
		}
	})
	denied := connect(t, rig.url)
	must(t, denied, "set role nobody")
	until(func(int) {
		if rows, err := run(denied, hint+"select v from c1"); err == nil {
			m.wrong.Add(1)
			t.Errorf("nobody read %v", rows)
		}
		time.Sleep(time.Millisecond)
	})
	for r := range 12 {
		c := connect(t, rig.url)
		if r%3 == 1 {
			must(t, c, "set role app")
		}
		reading.Go(func() {
			for m.reads.Load() < goal && m.wrong.Load() == 0 {
				if r%4 < 2 {
					m.read(t, c, r%2 == 0)
					continue
				}
				must(t, c, "begin")
				for range 3 {
					m.read(t, c, r%2 == 0)
				}
				must(t, c, "commit")
			}
		})
	}
	reading.Wait()
	close(done)
	work.Wait()
	console := connect(t, dsnOf(rig.addr, "ops", "pgbouncer"))
	rows, err := run(console, "show cache where rule = '(hint)'")
	t.Logf("%d reads, %d wrong; %v %v", m.reads.Load(), m.wrong.Load(), rows, err)
	if hits, _ := strconv.ParseInt(rows[0][3], 10, 64); hits*8 < m.reads.Load() {
		t.Errorf("only %d of %d reads were answered from memory: this shows nothing", hits, m.reads.Load())
	}
}

// read asks for one row, or for all of them.
func (m *cacheModel) read(t *testing.T, c *pgconn.PgConn, extendedToo bool) {
	row := rand.IntN(modelRows)
	least := m.least(row)
	var got string
	switch {
	case extendedToo && rand.IntN(2) == 0:
		got = extended(t, c, "", fmt.Sprintf("/* wye: cache=1h */ select v from c%d where id = $1::int4", row), "0")
	case rand.IntN(8) == 0:
		got = must(t, c, fmt.Sprintf("/* wye: cache=1h */ select a.v from c%d a join c%d b using (id)", row, (row+1)%modelRows))
	default:
		got = must(t, c, fmt.Sprintf("/* wye: cache=1h */ select v from c%d", row))
	}
	m.reads.Add(1)
	if v, err := strconv.ParseInt(got, 10, 64); err != nil || v < least {
		m.wrong.Add(1)
		t.Errorf("row %d: read %q, and %d was there before it was asked for", row, got, least)
	}
}

// keptAgain waits until answers are kept again after a definition, and then
// for thrice as long as that took: on a slow machine, which reads catalogs
// slowly, nothing would be kept most of the time otherwise.
func keptAgain(t *testing.T, c *pgconn.PgConn, sql string, done <-chan struct{}) {
	began := time.Now()
	for again := time.Duration(0); again == 0 || time.Since(began) < 4*again+2*time.Second; {
		select {
		case <-done:
			return
		case <-time.After(50 * time.Millisecond):
		}
		if again == 0 && strings.Contains(explained(t, c, sql), "cache    rule (hint)") {
			again = time.Since(began)
		}
	}
}

// revoke takes the right to read from a role that has just used it, and gives
// it back.
func (m *cacheModel) revoke(t *testing.T, rig drillRig, owner *pgconn.PgConn) {
	t.Helper()
	reader := connect(t, rig.url)
	must(t, reader, "set role reader")
	sql := "/* wye: cache=1h */ select v from c1"
	for range 2 {
		must(t, reader, sql)
	}
	must(t, owner, "revoke select on c1 from reader")
	if rows, err := run(reader, sql); err == nil {
		m.wrong.Add(1)
		t.Errorf("read after the right was taken: %v", rows)
	}
	must(t, owner, "grant select on c1 to reader")
}
