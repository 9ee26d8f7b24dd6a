package watch

import "fmt"

// Place is what a server is to the cluster.
type Place uint8

// The places.
const (
	Unknown Place = iota // not heard of, or not yet decided
	Primary              // takes the cluster's writes
	Replica              // recovering, on the primary's timeline
	Behind               // recovering, not known to be on the primary's timeline: its position says nothing
	Fenced               // writable and not the primary: whatever is written there is lost
	Foreign              // of another cluster, by its system identifier
)

var placeNames = [...]string{"unknown", "primary", "replica", "behind", "fenced", "foreign"}

// String is the word that SHOW HOSTS prints.
func (p Place) String() string { return placeNames[p] }

// nobody is the node that is none.
const nobody = -1

// standing is what is known of one server when roles are decided.
type standing struct {
	heard   bool   // answered or failed at least once
	answers bool   // the last thing heard of it was good
	lost    bool   // down, beyond doubt
	report  Report // the last good one
}

// hint is what a second source says of the roles. leader is a node.
type hint struct {
	known  bool
	leader int
	name   string // of the source
}

// forbids says that the source names another leader, or none.
func (h hint) forbids(node int) bool { return h.known && h.leader != node }

// verdict is everybody's place after a decision. places and why have an entry
// per node.
type verdict struct {
	places []Place
	why    []string
	vetoed bool // somebody would be the primary, were it not for the hint
}

// roles remembers what a decision needs of the past. Pure: the same standings
// in the same order give the same primaries.
type roles struct {
	primary int    // nobody when lost
	holder  int    // the last that was accepted
	held    uint32 // its timeline then
	newest  uint32 // the newest timeline that anybody of the cluster has shown
	system  string
}

func newRoles() roles { return roles{primary: nobody, holder: nobody} }

// decide finds the primary and everybody's place.
//
// A primary is accepted when its timeline is newer than the last primary's
// and none newer was ever seen, or when it is that last primary, come back on
// the newest timeline: it restarted in place. At the start, once every server
// was heard of, it is the writable server on the newest timeline; of two the
// first in the list, so that all proxies choose the same. A primary is given
// up when it is lost, recovers, or anybody shows a newer timeline than its
// own: then another was promoted, and what is written here is lost.
func (r *roles) decide(nodes []standing, h hint) verdict {
	system := r.systemOf(nodes)
	newest := r.newest
	for _, n := range nodes {
		if ours(n, system) {
			newest = max(newest, n.report.Timeline)
		}
	}
	if r.holder != nobody {
		r.newest = newest
	}
	if r.primary != nobody && givenUp(nodes[r.primary], newest, system) {
		r.primary = nobody
	}
	if c := r.candidate(nodes, newest, system, h); c != nobody {
		r.primary, r.holder, r.held, r.newest, r.system = c, c, newest, newest, system
	}
	return r.place(nodes, newest, system, h)
}

func givenUp(p standing, newest uint32, system string) bool {
	return p.lost || p.report.Timeline < newest || p.answers && (p.report.InRecovery || !ours(p, system))
}

// candidate is who becomes the primary now, or nobody.
func (r *roles) candidate(nodes []standing, newest uint32, system string, h hint) int {
	if r.primary != nobody || r.holder == nobody && !allHeard(nodes) {
		return nobody
	}
	for i, n := range nodes {
		if !writable(n) || !ours(n, system) || n.report.Timeline != newest {
			continue
		}
		back := i == r.holder && newest == r.held
		follows := r.holder == nobody || newest > r.held
		if back || follows && !h.forbids(i) {
			return i
		}
	}
	return nobody
}

// systemOf is the cluster's identifier: the accepted primary's, and before
// there is one the one that most servers share, the first of them in doubt.
func (r *roles) systemOf(nodes []standing) string {
	if r.system != "" {
		return r.system
	}
	counts := map[string]int{}
	best := ""
	for _, n := range nodes {
		if n.report.System != "" {
			counts[n.report.System]++
		}
	}
	for _, n := range nodes {
		if counts[n.report.System] > counts[best] {
			best = n.report.System
		}
	}
	return best
}

func (r *roles) place(nodes []standing, newest uint32, system string, h hint) verdict {
	v := verdict{places: make([]Place, len(nodes)), why: make([]string, len(nodes))}
	v.vetoed = r.candidate(nodes, newest, system, hint{}) != nobody
	split := false
	for i, n := range nodes {
		v.places[i], v.why[i] = r.placeOf(i, n, newest, system, h)
		split = split || v.places[i] == Fenced && n.report.Timeline == newest
	}
	for i := range nodes {
		if split && v.places[i] == Replica {
			v.places[i], v.why[i] = Behind, "two servers take writes on its timeline: nobody knows whose log it replays"
		}
	}
	return v
}

func (r *roles) placeOf(i int, n standing, newest uint32, system string, h hint) (Place, string) {
	on := n.report.Timeline
	switch {
	case n.report.Asked == 0:
		return Unknown, ""
	case !ours(n, system):
		return Foreign, fmt.Sprintf("its system identifier is %s, the cluster's is %s", n.report.System, system)
	case i == r.primary:
		return Primary, ""
	case n.report.InRecovery && on == newest:
		return Replica, ""
	case n.report.InRecovery && n.report.Blind:
		return Behind, fmt.Sprintf("it may still be on timeline %d, the cluster is on %d; a member of pg_monitor would be told sooner", on, newest)
	case n.report.InRecovery:
		return Behind, fmt.Sprintf("it is on timeline %d, the cluster is on %d", on, newest)
	case !n.answers:
		return Unknown, ""
	case on < newest:
		return Fenced, fmt.Sprintf("it takes writes on timeline %d, but the cluster is on %d", on, newest)
	case r.holder != nobody && on == r.held:
		return Fenced, fmt.Sprintf("it takes writes on timeline %d, on which another server is or was the primary", on)
	case h.forbids(i):
		return Unknown, fmt.Sprintf("it takes writes on timeline %d, but %s does not call it the leader", on, h.name)
	}
	return Unknown, "other servers were not heard of yet"
}

// ours says that a server may belong to the cluster.
func ours(n standing, system string) bool {
	return n.report.System == system || n.report.System == "" || system == ""
}

func writable(n standing) bool { return n.answers && !n.report.InRecovery }

func allHeard(nodes []standing) bool {
	for _, n := range nodes {
		if !n.heard {
			return false
		}
	}
	return true
}
