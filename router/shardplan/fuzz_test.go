package shardplan

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router/plan"
)

// TestAnalyzeIsTotal: whatever is said, there is a plan.
func TestAnalyzeIsTotal(t *testing.T) {
	p := fixture(t)
	for _, file := range []string{"reads.sql", "disguises.sql"} {
		list, err := plantest.Statements(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range list {
			if made := p.Analyze(sql, []string{"public"}).Plan(nil, Options{}); made == nil || made.String() == "" {
				t.Errorf("%s has no plan", sql)
			}
		}
	}
}

// TestSwappedWords: statements of the goldens with words swapped, dropped and
// added have a plan, and nothing in C falls over them.
func TestSwappedWords(t *testing.T) {
	p, r := fixture(t), rand.New(rand.NewPCG(3, 4))
	var seeds [][]string
	var words []string
	files, err := filepath.Glob(filepath.Join(plantest.Dir(), "*", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "\n\n") {
			_, rest, _ := strings.Cut(block, "\n")
			sql, _, _ := strings.Cut(rest, "\n----")
			if w := strings.Fields(sql); len(w) > 1 {
				seeds, words = append(seeds, w), append(words, w...)
			}
		}
	}
	for range 3000 {
		w := slices.Clone(seeds[r.IntN(len(seeds))])
		for range 1 + r.IntN(3) {
			at, word := r.IntN(len(w)), words[r.IntN(len(words))]
			switch r.IntN(3) {
			case 0:
				w = slices.Insert(w, at, word)
			case 1:
				w[at] = word
			default:
				w = append(slices.Delete(w, at, at+1), word)
			}
		}
		sql := strings.Join(w, " ")
		if made := p.Analyze(sql, []string{"public"}).Plan(nil, Options{Gather: true}); made == nil || made.String() == "" {
			t.Errorf("%s has no plan", sql)
		}
	}
}

func FuzzAnalyze(f *testing.F) {
	for _, sql := range []string{
		"select * from users u left join orders o using (id) where u.id in (1, $1) and (o.user_id, 1) = (2, 3)", "with recursive r as (select 1) select * from r natural join users",
		"insert into users values (1, default), ($1, 'a') on conflict do nothing returning *", "update users set (id, name) = (select 1, 'x') where id = any ($1)",
		"merge into users u using orders o on true when not matched then insert values (1)", "copy users (id) from stdin (format csv, force_null *)",
		"create table users (id int primary key, foreign key (id) references orders)", "select * from user_orders group by 1, 2 union select 1 limit $2", "values (1), (2, 3)", "insert into orders select", "select (select)",
	} {
		f.Add(sql, []byte("{1,2}"), uint32(1016), int16(0))
	}
	p := fixture(f)
	f.Fuzz(func(t *testing.T, sql string, value []byte, oid uint32, format int16) {
		if strings.Count(sql, "(") > 200 {
			return
		}
		a := p.Analyze(sql, []string{"public"})
		for _, o := range []Options{{}, {Gather: true, LocalSequences: true, LocalTriggers: true, LocalUnique: true}, {Hint: Hint{HasKey: true, Key: "1"}}} {
			made := a.Plan([]plan.Arg{{OID: oid, Format: format, Value: value}, {Null: true}}, o)
			if made == nil || made.String() == "" {
				t.Error("no plan")
			}
		}
		if d, ok := a.Direct(); ok {
			if made, ok := d.Route([]byte(sql), plan.Primary); ok && made != a.Plan(nil, Options{}) {
				t.Errorf("by its literal it goes to %v", made)
			}
		}
	})
}

func FuzzElements(f *testing.F) {
	f.Add([]byte(`{1,NULL,"a\"b", c }`), uint32(1009), int16(0))
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 42}, uint32(1016), int16(1))
	f.Fuzz(func(t *testing.T, b []byte, oid uint32, format int16) {
		v := value{kind: valueArg, arg: 1, sure: true}
		list, ok := v.elements(3, []plan.Arg{{OID: oid, Format: format, Value: b}})
		if ok && len(list) > len(b) {
			t.Errorf("%d elements of %d bytes", len(list), len(b))
		}
	})
}
