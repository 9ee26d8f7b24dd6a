package commit

import "sync"

// registry is what this proxy knows of distributed transactions that are not
// over: those that a coordinator is at work on, and what those that are gone
// left prepared, or perhaps prepared.
type registry struct {
	lock sync.Mutex
	live map[string]bool // by name
	left map[string]int  // by gid: the shard whose budget it holds
	wake chan struct{}   // told when something is left
}

func newRegistry() *registry {
	return &registry{live: map[string]bool{}, left: map[string]int{}, wake: make(chan struct{}, 1)}
}

func (r *registry) begin(name string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.live[name] = true
}

// end says that no coordinator will touch the transaction any more, and that
// it left so many prepared.
func (r *registry) end(name string, left int) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.live, name)
	if left > 0 {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// leave hands a prepared transaction to Recovery.
func (r *registry) leave(gid string, shard int) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.left[gid] = shard
}

// isLive and isLeft decide whether Recovery may, or need not wait to, act.
func (r *registry) isLive(name string) bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.live[name]
}

func (r *registry) isLeft(gid string) bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	_, left := r.left[gid]
	return left
}

// leftOn lists the gids left on a shard by transactions that no coordinator
// is at work on.
func (r *registry) leftOn(shard int) []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	var gids []string
	for gid, on := range r.left {
		if n, _, ok := parseGID(gid); on == shard && ok && !r.live[n.String()] {
			gids = append(gids, gid)
		}
	}
	return gids
}

// settle forgets a gid that is finished. It reports whether it was ours, and
// so whether its budget is free again.
func (r *registry) settle(gid string) (shard int, ours bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	shard, ours = r.left[gid]
	delete(r.left, gid)
	return shard, ours
}
