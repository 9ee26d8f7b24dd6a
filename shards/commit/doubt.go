package commit

import (
	"slices"
	"time"
)

// DoubtState is what is known of a prepared transaction.
type DoubtState string

// The states, in the order in which a transaction may have them.
const (
	DoubtLive      DoubtState = "live"      // this proxy is at work on it
	DoubtYoung     DoubtState = "young"     // so may be another proxy
	DoubtUndecided DoubtState = "undecided" // abandoned; its decider is being asked, or cannot be reached
	DoubtCommitted DoubtState = "committed" // by its decider; to be committed here
	DoubtAborted   DoubtState = "aborted"   // to be rolled back here
	DoubtStranger  DoubtState = "stranger"  // its decider is none of our shards: somebody must look
)

// Doubt is one prepared transaction on one shard, as the last round saw it.
type Doubt struct {
	GID     string
	Shard   int
	Decider int // the shard that decides
	Owner   string
	Age     time.Duration // since it was prepared, at the time of the round
	State   DoubtState
	// Error says why it stays: the last one on its shard or on its decider.
	Error string
}

// doubt is one during a round.
type doubt struct {
	Doubt
	name     name
	finished bool
}

// InDoubt lists what is prepared, by shard, oldest first. On a shard that
// could not be looked at there may be more: see Unseen.
func (r *Recovery) InDoubt() []Doubt {
	r.lock.Lock()
	defer r.lock.Unlock()
	list := slices.Clone(r.doubts)
	for i := range list {
		d := &list[i]
		if err := r.errs[d.Shard]; err != nil {
			d.Error = err.Error()
		}
		if d.Decider >= len(r.errs) {
			d.Error = "the shard that decides is not in the configuration"
		} else if err := r.errs[d.Decider]; err != nil && d.State == DoubtUndecided {
			d.Error = err.Error()
		}
	}
	return list
}

// Unseen are the shards that the last round could not work on, and why.
func (r *Recovery) Unseen() map[int]error {
	r.lock.Lock()
	defer r.lock.Unlock()
	unseen := map[int]error{}
	for shard, err := range r.errs {
		if err != nil {
			unseen[shard] = err
		}
	}
	return unseen
}

// publish makes the list what InDoubt shows.
func (r *Recovery) publish(doubts []*doubt) {
	var list []Doubt
	for _, d := range doubts {
		if !d.finished {
			list = append(list, d.Doubt)
		}
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.doubts = list
}
