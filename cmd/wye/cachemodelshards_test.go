package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// shardTables are the model's tables on shards; each has a row on each of two
// shards, the model's rows 2n and 2n+1.
const shardTables = 8

// shardModel is a cacheModel over two shards.
type shardModel struct {
	*cacheModel
	ids [2]int // the key of each table's row on either shard
}

func (m *shardModel) row(table, side int) int { return 2*table + side }

// TestCacheModelShards is TestCacheModel over two shards: writers of one shard
// and of both in a transaction (two-phase), past wye too, definitions that
// change; readers of one shard, and of both by merging and by adding up. No
// answer is older than what was acknowledged before it was asked for.
func TestCacheModelShards(t *testing.T) {
	t.Parallel()
	var tables strings.Builder
	for n := range shardTables {
		fmt.Fprintf(&tables, "      c%d: {map: by_user, key: id}\n", n)
	}
	list := bootShards(t, 2, 0)
	for _, c := range list {
		superuser(t, c, "GRANT ALL ON SCHEMA public TO app")
	}
	config := strings.Replace(shardConfig(list, "    cache: {elsewhere: wal, rules: {none: {tables: [none], ttl: 1h}}}\n"), "    tables:\n", "    tables:\n"+tables.String(), 1)
	_, addr := startProxy(t, list[0], config)
	conn := connect(t, dsn(addr))
	m := &shardModel{cacheModel: newCacheModel(2 * shardTables), ids: [2]int{-1, -1}}
	for n := range shardTables {
		must(t, conn, fmt.Sprintf("create table c%d (id bigint primary key, v int8 not null, note text default '')", n))
	}
	for id := 0; m.ids[0] < 0 || m.ids[1] < 0; id++ {
		route := explained(t, conn, fmt.Sprintf("select v from c0 where id = %d", id))
		for side, name := range []string{"s0", "s1"} {
			if strings.Contains(route, "shard    "+name) && m.ids[side] < 0 {
				m.ids[side] = id
			}
		}
	}
	for n := range shardTables {
		must(t, conn, fmt.Sprintf("insert into c%d values (%d, 0), (%d, 0)", n, m.ids[0], m.ids[1]))
	}
	eventually(t, "it is kept", func() bool {
		return strings.Contains(explained(t, conn, "/* wye: cache=1h */ select sum(v) from c1"), "cache    rule (hint)")
	})
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
	// Only one writes on both shards, and defines: of two, each could wait for
	// the other on another shard, and no server would know.
	var both sync.Mutex
	for w := range 2 {
		c := connect(t, dsn(addr))
		until(func(int) {
			func() {
				if w == 0 {
					both.Lock()
					defer both.Unlock()
				}
				m.write(t, c, w == 0)
			}()
			time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		})
	}
	definer := connect(t, dsn(addr))
	until(func(i int) {
		keptAgain(t, definer, "/* wye: cache=1h */ select sum(v) from c1", done)
		both.Lock()
		defer both.Unlock()
		must(t, definer, fmt.Sprintf("alter table c%d alter note set default '%d'", i%shardTables, i))
	})
	for side, c := range list {
		past := connect(t, c.Primary.SuperuserURL("app"))
		until(func(int) {
			n := rand.IntN(shardTables)
			v, _ := strconv.ParseInt(must(t, past, fmt.Sprintf("update c%d set v = v + 1 returning v", n)), 10, 64)
			m.elsewhere(m.row(n, side), v, time.Now())
			time.Sleep(time.Duration(rand.IntN(80)) * time.Millisecond)
		})
	}
	goal := modelReads() / 4 // each costs more here
	for range 10 {
		c := connect(t, dsn(addr))
		reading.Go(func() {
			for m.reads.Load() < goal && m.wrong.Load() == 0 {
				m.ask(t, c)
			}
		})
	}
	reading.Wait()
	close(done)
	work.Wait()
	rows, err := run(connect(t, dsnOf(addr, "ops", "pgbouncer")), "show cache where rule = '(hint)'")
	t.Logf("%d reads, %d wrong; %v %v", m.reads.Load(), m.wrong.Load(), rows, err)
	if hits, _ := strconv.ParseInt(rows[0][3], 10, 64); hits*8 < m.reads.Load() {
		t.Errorf("only %d of %d reads were answered from memory: this shows nothing", hits, m.reads.Load())
	}
}

// write changes one row, or, if it may, the rows of both shards in one
// transaction or one statement.
func (m *shardModel) write(t *testing.T, c *pgconn.PgConn, both bool) {
	n := rand.IntN(shardTables)
	one := func(side int) int64 {
		v, err := strconv.ParseInt(must(t, c, fmt.Sprintf("update c%d set v = v + 1 where id = %d returning v", n, m.ids[side])), 10, 64)
		if err != nil {
			t.Error(err)
		}
		return v
	}
	how := rand.IntN(4)
	if !both {
		how = 3
	}
	switch how {
	case 0:
		must(t, c, "begin")
		a, b := one(0), one(1)
		must(t, c, "commit")
		m.told(m.row(n, 0), a)
		m.told(m.row(n, 1), b)
	case 1:
		rows, err := run(c, fmt.Sprintf("update c%d set v = v + 1 returning id, v", n))
		if err != nil || len(rows) != 2 {
			t.Errorf("%v, %v", rows, err)
			return
		}
		for _, r := range rows {
			v, _ := strconv.ParseInt(r[1], 10, 64)
			side := 0
			if r[0] == strconv.Itoa(m.ids[1]) {
				side = 1
			}
			m.told(m.row(n, side), v)
		}
	default:
		side := rand.IntN(2)
		m.told(m.row(n, side), one(side))
	}
}

// ask reads a row of one shard, or those of both.
func (m *shardModel) ask(t *testing.T, c *pgconn.PgConn) {
	n := rand.IntN(shardTables)
	least := [2]int64{m.least(m.row(n, 0)), m.least(m.row(n, 1))}
	hint := "/* wye: cache=1h */ "
	m.reads.Add(1)
	bad := func(got any) {
		m.wrong.Add(1)
		t.Errorf("table %d: read %v, and %v was there before it was asked for", n, got, least)
	}
	switch rand.IntN(6) {
	case 0:
		rows, err := run(c, hint+fmt.Sprintf("select v, id from c%d order by id", n))
		if err != nil || len(rows) != 2 {
			bad(fmt.Sprint(rows, err))
			return
		}
		for _, r := range rows {
			v, _ := strconv.ParseInt(r[0], 10, 64)
			if r[1] == strconv.Itoa(m.ids[0]) && v < least[0] || r[1] == strconv.Itoa(m.ids[1]) && v < least[1] {
				bad(rows)
			}
		}
	case 1:
		got := extended(t, c, "", hint+fmt.Sprintf("select sum(v) from c%d", n))
		if v, err := strconv.ParseInt(got, 10, 64); err != nil || v < least[0]+least[1] {
			bad(got)
		}
	default:
		side := rand.IntN(2)
		sql := hint + fmt.Sprintf("select v from c%d where id = ", n)
		var got string
		if rand.IntN(2) == 0 {
			got = extended(t, c, "", sql+"$1::int8", strconv.Itoa(m.ids[side]))
		} else {
			got = must(t, c, sql+strconv.Itoa(m.ids[side]))
		}
		if v, err := strconv.ParseInt(got, 10, 64); err != nil || v < least[side] {
			bad(got)
		}
	}
}
