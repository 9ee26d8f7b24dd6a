package connpool

import (
	"fmt"
	"strings"
	"testing"
)

func find(s *Statements, sql string) *Prepared { return s.Find([]byte(sql), []byte{0, 0}, Params{}) }

func TestStatementsShare(t *testing.T) {
	s := NewStatements(1 << 20)
	sql, oids := []byte("select $1"), []byte{0, 1, 0, 0, 0, 23}
	p := s.Find(sql, oids, Params{})
	sql[0], oids[5] = 'X', 25 // the buffer is read into again
	if p.SQL != "select $1" || string(p.OIDs) != "\x00\x01\x00\x00\x00\x17" || !strings.HasPrefix(p.Name, NamePrefix) {
		t.Errorf("%+v", p)
	}
	same := s.Find([]byte("select $1"), []byte{0, 1, 0, 0, 0, 23}, Params{})
	if same != p {
		t.Error("the same contents are another statement")
	}
	names := map[string]bool{p.Name: true}
	for _, other := range []*Prepared{
		find(s, "select $1"),
		s.Find([]byte("select $1 "), p.OIDs, Params{}),
		s.Find([]byte("select $1"), []byte{0, 1, 0, 0, 0, 25}, Params{}),
		s.Find([]byte("select $1"), p.OIDs, NewParams([2]string{"search_path", "a"})),
	} {
		if names[other.Name] {
			t.Errorf("%+v has the name of another one", other)
		}
		names[other.Name] = true
	}
}

func TestStatementsAreBoundedByBytes(t *testing.T) {
	s := NewStatements(10_000)
	kept := find(s, "kept")
	for i := range 1000 {
		find(s, fmt.Sprintf("select %d", i))
		if find(s, "kept") != kept {
			t.Fatal("what is used all the time fell out")
		}
		if s.bytes > s.limit {
			t.Fatalf("%d bytes, the limit is %d", s.bytes, s.limit)
		}
	}
	if n := s.known.Len(); n < 10 || n > 50 {
		t.Errorf("%d statements in 10000 bytes", n)
	}
	big := find(s, strings.Repeat("x", 20_000))
	if find(s, big.SQL) != big || s.known.Len() != 1 {
		t.Errorf("%d statements beside one that is larger than the limit", s.known.Len()-1)
	}
	find(s, "small")
	if s.bytes > s.limit || s.known.Len() != 1 {
		t.Errorf("%d bytes in %d statements", s.bytes, s.known.Len())
	}
}

func TestRenew(t *testing.T) {
	s := NewStatements(1 << 20)
	old := find(s, "a")
	other := find(s, "b")
	s.Renew(old)
	if n := s.known.Len(); n != 1 || s.bytes != 1+2+200 {
		t.Errorf("%d statements, %d bytes", n, s.bytes)
	}
	renewed := find(s, "a")
	if renewed == old || renewed.Name == old.Name {
		t.Error("not renewed")
	}
	s.Renew(old) // by another session that met the same fault
	if find(s, "a") != renewed || find(s, "b") != other {
		t.Error("the new one was renewed again")
	}
	s.RenewAll()
	if s.bytes != 0 || find(s, "a") == renewed || find(s, "b") == other {
		t.Error("not all were renewed")
	}
}

// server is what a server conn holds, by what is prepared and closed on it.
type server struct {
	conn Conn
	has  map[*Prepared]bool
}

func newServer(max int) *server {
	return &server{Conn{prepared: newPreparedSet(max)}, map[*Prepared]bool{}}
}

// prepare does what a session does to use p in a batch.
func (s *server) prepare(t *testing.T, p *Prepared, batch uint64) {
	t.Helper()
	if s.conn.Has(p, batch) {
		if !s.has[p] {
			t.Fatalf("%s is thought to be there, and is not", p.SQL)
		}
		return
	}
	for old := s.conn.Remember(p, batch); old != nil; old = s.conn.Remember(p, batch) {
		if !s.has[old] {
			t.Fatalf("%s is closed, and is not there", old.SQL)
		}
		delete(s.has, old)
	}
	if s.has[p] {
		t.Fatalf("%s is parsed twice", p.SQL)
	}
	s.has[p] = true
}

func TestPreparedSet(t *testing.T) {
	all := NewStatements(1 << 20)
	a, b, c, d := find(all, "a"), find(all, "b"), find(all, "c"), find(all, "d")
	s := newServer(2)
	s.prepare(t, a, 1)
	s.prepare(t, b, 2)
	s.prepare(t, a, 3)
	s.prepare(t, c, 4) // b goes, it was used before a
	if !s.has[a] || s.has[b] || !s.has[c] || s.conn.PreparedCount() != 2 {
		t.Errorf("%v", s.has)
	}
	// All of one batch stay, whatever the limit.
	for _, p := range []*Prepared{a, b, c, d} {
		s.prepare(t, p, 5)
	}
	if len(s.has) != 4 || s.conn.PreparedCount() != 4 {
		t.Errorf("%d statements", len(s.has))
	}
	// The next batch makes up for it.
	s.prepare(t, find(all, "e"), 6)
	if len(s.has) != 2 || s.conn.PreparedCount() != 2 {
		t.Errorf("%d statements after the next batch, the limit is 2", len(s.has))
	}
}

// A pipeline fails before the Close of what was to go is reached: the server
// still has it, and everything else.
func TestKeep(t *testing.T) {
	all := NewStatements(1 << 20)
	a, b, c := find(all, "a"), find(all, "b"), find(all, "c")
	s := newServer(2)
	s.prepare(t, a, 1)
	s.prepare(t, b, 2)
	if old := s.conn.Remember(c, 3); old != a {
		t.Fatalf("evicted %v", old)
	}
	s.conn.Forget(c)
	s.conn.Keep(a, 3)
	s.prepare(t, a, 4)
	s.prepare(t, b, 4)
	if s.conn.PreparedCount() != 2 {
		t.Errorf("%d statements", s.conn.PreparedCount())
	}
	s.conn.ForgetAll()
	if s.conn.Has(a, 5) || s.conn.PreparedCount() != 0 {
		t.Error("something is remembered")
	}
}

func TestPreparedSetOfNone(t *testing.T) {
	all := NewStatements(1 << 20)
	s := newServer(0)
	for i := range uint64(5) {
		s.prepare(t, find(all, fmt.Sprint(i)), i)
		if len(s.has) != 1 {
			t.Errorf("%d statements", len(s.has))
		}
	}
}

func TestHasAllocatesNothing(t *testing.T) {
	s := newServer(10)
	p := find(NewStatements(1<<20), "a")
	s.prepare(t, p, 1)
	batch := uint64(1)
	if n := testing.AllocsPerRun(100, func() { batch++; s.conn.Has(p, batch) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRenew(b *testing.B) {
	s := NewStatements(64 << 20)
	for i := range 100_000 {
		find(s, fmt.Sprintf("select %d", i))
	}
	for b.Loop() {
		s.Renew(find(s, "select 50000"))
	}
}
