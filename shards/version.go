package shards

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// version is a digest of what a map says. Weights are not in it, as only what
// they lead to counts.
func version(m *Map) string {
	h := sha256.New()
	fmt.Fprintf(h, "wye shard map 1\nshards %q\n", m.names)
	groups := slices.Clone(m.groups)
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(a.name, b.name) })
	for _, g := range groups {
		fmt.Fprintf(h, "map %q %s\n", g.name, g.kind)
		for _, t := range g.types {
			fmt.Fprintf(h, "type %s\n", t.Family())
		}
		g.spread.digest(h)
	}
	for _, t := range m.sorted {
		fmt.Fprintf(h, "table %q %q %s %q %q %d\n", t.Schema, t.Name, t.Kind, t.Group, t.Keys, t.Home)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func (s *slots) digest(w io.Writer) {
	fmt.Fprintf(w, "slots %d\n", len(s.owner))
	_, _ = w.Write(s.owner) // to a hash, which takes everything
}

func (r *ranges) digest(w io.Writer) {
	for _, s := range r.spans {
		fmt.Fprintf(w, "range %t %q %t %q %d\n", s.lo.IsNull(), s.lo.String(), s.hi.IsNull(), s.hi.String(), s.shard)
	}
	fmt.Fprintf(w, "default %d\n", r.fallback)
}

func (l *lists) digest(w io.Writer) {
	for _, v := range l.keys() {
		fmt.Fprintf(w, "value %q %d\n", v.String(), l.shard[v])
	}
	fmt.Fprintf(w, "default %d\n", l.fallback)
}

// keys are the listed keys in order.
func (l *lists) keys() []shardfunc.Value {
	keys := make([]shardfunc.Value, 0, len(l.shard))
	for v := range l.shard {
		keys = append(keys, v)
	}
	slices.SortFunc(keys, shardfunc.Compare)
	return keys
}

// String is the range in the words of the configuration.
func (s span) String() string {
	switch {
	case s.lo.IsNull() && s.hi.IsNull():
		return "all keys"
	case s.lo.IsNull():
		return "below " + shown(s.hi)
	case s.hi.IsNull():
		return "from " + shown(s.lo)
	}
	return shown(s.lo) + " up to " + shown(s.hi)
}

// shown is a key for people: texts have quotes.
func shown(v shardfunc.Value) string {
	if v.Type().IsText() {
		return strconv.Quote(v.String())
	}
	return v.String()
}

// runText writes a run of slots as readRuns reads it.
func runText(first, last int) string {
	if first == last {
		return strconv.Itoa(first)
	}
	return strconv.Itoa(first) + "-" + strconv.Itoa(last)
}

// runsText writes slots, in order, as readRuns reads them.
func runsText(list []int) string {
	var b strings.Builder
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(runText(list[i], list[j]))
		i = j + 1
	}
	return b.String()
}
