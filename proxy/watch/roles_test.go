package watch

import (
	"fmt"
	"strings"
	"testing"
)

// A case is a play: each step is what every server shows, then who is the
// primary and where everybody stands.
//
// A server shows: "-" nothing yet; "w1" writable on timeline 1; "r1"
// recovering on timeline 1; "?" no answer this time; "x" lost. "/b" is
// another system identifier, "/" a hidden one. "leader=1" is a hint, "leader=-"
// one that there is none.
//
// A server's place is shown by its first letter: Unknown, Primary, Replica,
// Behind, Fenced, fOreign.
var plays = []struct {
	name  string
	steps []string
}{
	{"the start waits until all were heard of", []string{
		"- - - => none UUU", "w1 - - => none UUU", "w1 r1 - => none URU", "w1 r1 x => 0 PRU"}},
	{"the start needs no replica", []string{"w1 => 0 P"}},
	{"the start without a primary", []string{
		"x r1 r1 => none URR", "w1 r1 r1 => 0 PRR"}},
	{"the start with two: the newer timeline", []string{"w1 w2 r2 => 1 FPR"}},
	{"the start with two on one timeline: the first", []string{"r1 w1 w1 => 1 BPF"}},
	{"the start with an old primary only: a replica knows better", []string{
		"w1 x r2 => none FUR", "w1 w2 r2 => 1 FPR"}},
	{"the start with a stranger of a newer timeline", []string{"w1 r1 w7/b => 0 PRO"}},
	{"the start beside a stranger: the first in doubt", []string{"w1 w7/b => 0 PO"}},
	{"the start with hidden identifiers", []string{"w1/ r1/ => 0 PR"}},
	{"a slow primary stays", []string{"w1 r1 => 0 PR", "? r1 => 0 PR", "w1 r1 => 0 PR"}},
	{"a lost one does not", []string{"w1 r1 => 0 PR", "x r1 => none UR"}},
	{"a restart in place", []string{"w1 r1 => 0 PR", "x r1 => none UR", "w1 r1 => 0 PR"}},
	{"a failover", []string{
		"w1 r1 r1 => 0 PRR", "x r1 r1 => none URR", "x w2 r1 => 1 UPB", "x w2 r2 => 1 UPR"}},
	{"a failover seen before the loss", []string{"w1 r1 r1 => 0 PRR", "w1 w2 r1 => 1 FPB"}},
	{"a failover while the old one hangs", []string{"w1 r1 => 0 PR", "? w2 => 1 UP"}},
	{"the old primary comes back writable", []string{
		"w1 r1 => 0 PR", "x w2 => 1 UP", "w1 w2 => 1 FP", "w1 ? => 1 FP", "w1 x => none FU", "w1 w2 => 1 FP"}},
	{"the old primary comes back to follow", []string{
		"w1 r1 => 0 PR", "x w2 => 1 UP", "r1 w2 => 1 BP", "r2 w2 => 1 RP"}},
	{"switchover there and back", []string{
		"w1 r1 => 0 PR", "r1 r1 => none RR", "r1 w2 => 1 BP", "r2 w2 => 1 RP", "r2 r2 => none RR", "w3 r2 => 0 PB"}},
	{"a second writable one on the same timeline", []string{
		"w1 r1 => 0 PR", "w1 w1 => 0 PF", "x w1 => none UF", "w1 w1 => 0 PF"}},
	{"a replica of one of two", []string{"w1 r1 r1 => 0 PRR", "w1 w1 r1 => 0 PFB", "w1 x r1 => 0 PUR"}},
	{"two promoted at once: who is seen first stays", []string{
		"w1 r1 r1 => 0 PRR", "x r1 w2 => 2 UBP", "x w2 w2 => 2 UFP", "x w2 x => none UFU"}},
	{"a replica follows somebody that we do not see", []string{
		"w1 r1 r1 => 0 PRR", "w1 r1 r2 => none FBR", "w1 w2 r2 => 1 FPR"}},
	{"a timeline once seen stays seen", []string{
		"w1 r1 r1 => 0 PRR", "w1 r1 r2 => none FBR", "w1 r1 x => none FBR", "w1 r1 r1 => none FBB"}},
	{"a stranger takes the primary's place", []string{
		"w1 r1 => 0 PR", "x r1 => none UR", "w9/b r1 => none OR", "w1 r1 => 0 PR"}},
	{"the primary itself becomes a stranger", []string{"w1 r1 => 0 PR", "w1/b r1 => none OR"}},
	{"a stranger's replica", []string{"w1 r1 r5/b => 0 PRO"}},
	{"who hides its identifier is taken at its word", []string{
		"w1 r1/ => 0 PR", "x w2/ => 1 UP", "w1 w2/ => 1 FP", "w3/b w2/ => 1 OP"}},
	{"the hint forbids", []string{
		"leader=0 w1 r1 r1 => 0 PRR", "leader=2 x w2 r1 => none UUB", "leader=1 x w2 r1 => 1 UPB"}},
	{"a hint that there is no leader forbids all", []string{
		"leader=0 w1 r1 => 0 PR", "leader=- x w2 => none UU", "x w2 => 1 UP"}},
	{"the hint forbids at the start", []string{"leader=1 w1 r1 => none UR", "leader=0 w1 r1 => 0 PR"}},
	{"the hint does not depose", []string{"w1 r1 => 0 PR", "leader=1 w1 r1 => 0 PR"}},
	{"the hint does not keep a restarted primary out", []string{
		"w1 r1 => 0 PR", "leader=- x r1 => none UR", "leader=- w1 r1 => 0 PR"}},
	{"the hint forbids the former primary a new timeline", []string{
		"w1 r1 => 0 PR", "r1 r1 => none RR", "leader=1 w2 r1 => none UB", "leader=0 w2 r1 => 0 PB"}},
	{"the hint does not raise an older timeline", []string{
		"w1 r1 => 0 PR", "x w2 => 1 UP", "leader=0 w1 w2 => 1 FP", "leader=0 w1 x => none FU"}},
}

func TestRoles(t *testing.T) {
	for _, p := range plays {
		t.Run(p.name, func(t *testing.T) {
			r := newRoles()
			var nodes []standing
			for i, step := range p.steps {
				shown, want, _ := strings.Cut(step, " => ")
				h := present(&nodes, shown)
				if got := told(&r, r.decide(nodes, h)); got != want {
					t.Fatalf("step %d: %s => %s, want %s", i+1, shown, got, want)
				}
			}
		})
	}
}

// present writes what a step shows into nodes.
func present(nodes *[]standing, shown string) hint {
	var h hint
	at := 0
	for word := range strings.FieldsSeq(shown) {
		if leader, ok := strings.CutPrefix(word, "leader="); ok {
			h = hint{known: true, leader: nobody, name: "Patroni"}
			fmt.Sscanf(leader, "%d", &h.leader)
			continue
		}
		if at == len(*nodes) {
			*nodes = append(*nodes, standing{})
		}
		(*nodes)[at] = show((*nodes)[at], word)
		at++
	}
	return h
}

func show(n standing, word string) standing {
	switch word {
	case "-":
		return standing{}
	case "?":
		return standing{heard: true, report: n.report}
	case "x":
		return standing{heard: true, lost: true, report: n.report}
	}
	state, system, other := strings.Cut(word, "/")
	if !other {
		system = "a"
	}
	n = standing{heard: true, answers: true}
	n.report = Report{Asked: 1, System: system, InRecovery: state[0] == 'r'}
	fmt.Sscanf(state[1:], "%d", &n.report.Timeline)
	return n
}

func told(r *roles, v verdict) string {
	primary := "none"
	if r.primary != nobody {
		primary = fmt.Sprint(r.primary)
	}
	letters := ""
	for _, p := range v.places {
		letters += string("UPRBFO"[p])
	}
	return primary + " " + letters
}
