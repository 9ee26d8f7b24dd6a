package shards

import "slices"

// place spreads n slots over shards by their weights, in the only way that a
// list of shards can: as if they had joined one after the other, each taking
// its share from those before. So a shard that is appended to the list moves
// its own share and nothing else. One that leaves from the middle needs a
// placement that is written out, which Remove gives.
func place(n int, weights []int) []uint8 {
	owner := make([]uint8, n)
	for i := 2; i <= len(weights); i++ {
		owner = rebalance(owner, weights[:i])
	}
	return owner
}

// rebalance lets shards join, which have a weight and no slot yet, and leave,
// which have slots and no weight. Who joins gets a slot at least. Only slots to who joins and from who leaves
// move; so a share that was rounded may stay off by a slot or two. What a shard
// gives away are its last slots, so that runs stay long.
func rebalance(owner []uint8, weights []int) []uint8 {
	have := make([]int, 256)
	for _, o := range owner {
		have[o]++
	}
	want := shares(len(owner), weights, have)
	after := slices.Clone(owner)
	var free []int
	for slot := len(owner) - 1; slot >= 0; slot-- {
		if o := owner[slot]; have[o] > want[o] {
			have[o]--
			free = append(free, slot)
		}
	}
	slices.Reverse(free)
	for shard := range weights {
		n := max(0, want[shard]-have[shard])
		for _, slot := range free[:n] {
			after[slot] = uint8(shard)
		}
		free = free[n:]
	}
	return after
}

// shares says how many of n slots each shard is to have. They are taken one by
// one from who has most above its share, if that is not its last, and given to
// who has most below.
func shares(n int, weights, have []int) []int {
	total := 0
	for _, w := range weights {
		total += w
	}
	want, free, left := slices.Clone(have), 0, n-len(weights) // all but one slot for each
	for i, w := range weights {
		switch {
		case w == 0:
			free, want[i] = free+have[i], 0
		case have[i] == 0:
			more := min(left, max(0, (n*w+total/2)/total-1))
			left -= more
			want[i] = 1 + more
			free -= want[i]
		}
	}
	above := func(i int) int { return want[i]*total - n*weights[i] }
	for ; free < 0; free++ {
		want[most(weights, above, func(i int) bool { return have[i] > 0 && want[i] > 1 })]--
	}
	for ; free > 0; free-- {
		want[most(weights, func(i int) int { return -above(i) }, func(int) bool { return true })]++
	}
	return want
}

// most is the shard with a weight that may be chosen and has most of a measure;
// the last of equals, as the first ones came first.
func most(weights []int, measure func(int) int, may func(int) bool) int {
	best := -1
	for i, w := range weights {
		if w > 0 && may(i) && (best < 0 || measure(i) >= measure(best)) {
			best = i
		}
	}
	return best
}
