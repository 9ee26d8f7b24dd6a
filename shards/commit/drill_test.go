package commit

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// drill is what happened in all rounds.
type drill struct {
	rig  *rig
	rand *rand.Rand

	proxies, servers, both  int            // killed
	acks                    map[string]int // by state
	mixed, lied, unbalanced int
	found                   int // prepared when recovery began
	oldest, oldestQuick     time.Duration
	slowest, quick          time.Duration
}

// TestDrill kills proxies and shards with SIGKILL at random steps of commits
// of a bank, and has another proxy recover: no transfer may be on some shards
// and not on others, no money be made or lost, nothing stay prepared.
// WYE_DRILL_COMMITS is the number of rounds.
func TestDrill(t *testing.T) {
	t.Parallel()
	rounds := 20
	if n, err := strconv.Atoi(os.Getenv("WYE_DRILL_COMMITS")); err == nil {
		rounds = n
	}
	r := newRig(t, 3, nil)
	r.onAll("CREATE TABLE journal (id text, n int)")
	d := &drill{rig: r, rand: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)), acks: map[string]int{}}
	begun := time.Now()
	for i := range rounds {
		d.round(t, i)
		if t.Failed() {
			t.Errorf("in round %d", i+1)
			break
		}
	}
	t.Logf("%d rounds in %v: kill -9 of %d proxies, %d shards, %d of both; transfers by outcome %v; mixed %d, acknowledged otherwise than done %d, sums wrong %d",
		rounds, time.Since(begun).Round(time.Second), d.proxies, d.servers, d.both, d.acks, d.mixed, d.lied, d.unbalanced)
	t.Logf("%d prepared when recovery began; nothing prepared %v after it began at the latest, its oldest was then %v (as configured by default); with no waiting %v and %v",
		d.found, d.slowest.Round(time.Millisecond), d.oldest.Round(time.Millisecond), d.quick.Round(time.Millisecond), d.oldestQuick.Round(time.Millisecond))
	if d.acks["committed"] == 0 || d.proxies+d.both == 0 || d.servers == 0 {
		t.Error("not everything came about")
	}
}

// normally is the number of the rounds of which one is recovered by Run as it
// is by default: it waits for two seconds before it takes anything for
// abandoned. In the others it does not wait, which is harder on what it races
// with, and quicker.
const normally = 15

func (d *drill) round(t *testing.T, number int) {
	r := d.rig
	c := &child{URLs: r.admin, Seed: uint64(number), At: 1 + d.rand.Int64N(150), Victim: proxy, Moment: sent}
	if d.rand.IntN(2) == 0 {
		c.Moment = before
	}
	alsoProxy := false
	if number%2 == 1 {
		c.Victim = server
		alsoProxy = d.rand.IntN(3) == 0
	}
	meddler := NewRecovery(r.coordinator(nil), RecoveryOptions{Shards: 3, Age: 20 * time.Millisecond})
	stop := make(chan struct{})
	meddled := make(chan struct{})
	go func() { // another proxy, which is impatient
		defer close(meddled)
		for number%3 == 0 {
			meddler.Round(ctxOf(t))
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	acks := d.play(t, c, alsoProxy)
	close(stop)
	<-meddled
	meddler.close()
	d.recover(t, number%normally == normally-1)
	d.judge(t, acks)
}

// play runs the child until it is dead, and returns what it told its clients.
func (d *drill) play(t *testing.T, c *child, alsoProxy bool) map[string]string {
	order, err := json.Marshal(c)
	must(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(order))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	acks := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		switch verb {
		case "ack":
			id, state, _ := strings.Cut(rest, " ")
			acks[id] = state
			d.acks[state]++
		case "strike":
			shard, err := strconv.Atoi(rest)
			must(t, err)
			d.strike(t, cmd, in, shard, alsoProxy)
		default:
			t.Errorf("the child says %q", lines.Text())
		}
	}
	err = cmd.Wait()
	switch {
	case c.Victim == proxy:
		d.proxies++
	case alsoProxy:
		d.both++
	default:
		d.servers++
	}
	if killed := cmd.ProcessState.String() == "signal: killed"; killed != (c.Victim == proxy || alsoProxy) {
		t.Errorf("the child ended with %v", err)
	}
	return acks
}

// strike kills a shard, and perhaps the proxy while that is down.
func (d *drill) strike(t *testing.T, cmd *exec.Cmd, in io.WriteCloser, shard int, alsoProxy bool) {
	d.rig.shards[shard].Primary.Kill()
	_, _ = io.WriteString(in, "go\n")
	time.Sleep(time.Duration(d.rand.IntN(30)) * time.Millisecond)
	if alsoProxy {
		must(t, cmd.Process.Kill())
	}
	d.rig.restart(shard)
	if !alsoProxy {
		time.Sleep(time.Duration(d.rand.IntN(100)) * time.Millisecond)
		_ = in.Close()
	}
}

// recover is another proxy's work after that.
func (d *drill) recover(t *testing.T, normal bool) {
	r := d.rig
	o := RecoveryOptions{Shards: 3, Age: time.Nanosecond, Every: 20 * time.Millisecond}
	if normal {
		o = RecoveryOptions{Shards: 3}
	}
	for i := range r.shards { // the statements that were under way when it was killed
		for r.value(i, "SELECT count(*) FROM pg_stat_activity WHERE application_name = '' AND state <> 'idle' AND pid <> pg_backend_pid() AND backend_type = 'client backend'") != "0" {
			time.Sleep(time.Millisecond)
		}
	}
	d.found += r.prepared()
	ctx, cancel := context.WithCancel(ctxOf(t))
	done := make(chan struct{})
	rec := NewRecovery(r.coordinator(nil), o)
	begun := time.Now()
	go func() { defer close(done); rec.Run(ctx) }()
	var oldest time.Duration
	for {
		left, age := d.oldestPrepared(t)
		if left == 0 {
			break
		}
		oldest = max(oldest, age)
		if time.Since(begun) > patience {
			t.Errorf("%d are still prepared: %+v, %v", left, rec.InDoubt(), rec.Unseen())
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(begun)
	cancel()
	<-done
	if normal {
		d.slowest, d.oldest = max(d.slowest, took), max(d.oldest, oldest)
		if took > patience {
			t.Errorf("recovery took %v", took)
		}
	} else {
		d.quick, d.oldestQuick = max(d.quick, took), max(d.oldestQuick, oldest)
	}
}

func (d *drill) oldestPrepared(t *testing.T) (n int, age time.Duration) {
	for i := range d.rig.shards {
		v := d.rig.value(i, "SELECT count(*) || ' ' || coalesce(max(extract(epoch FROM clock_timestamp() - prepared)), 0) FROM pg_prepared_xacts")
		var here int
		var seconds float64
		_, err := fmt.Sscan(v, &here, &seconds)
		must(t, err)
		n += here
		age = max(age, time.Duration(seconds*float64(time.Second)))
	}
	return n, age
}

// judge compares the shards with each other and with what clients were told.
func (d *drill) judge(t *testing.T, acks map[string]string) {
	on, want, sum := map[string]int{}, map[string]int{}, 0
	for _, s := range d.rig.shards {
		rows, err := s.Primary.Query(ctxOf(t), "SELECT id, n FROM journal")
		must(t, err)
		for _, row := range rows {
			on[row[0]]++
			want[row[0]], err = strconv.Atoi(row[1])
			must(t, err)
		}
		v, err := s.Primary.Value(ctxOf(t), "SELECT sum(balance) FROM account")
		must(t, err)
		n, err := strconv.Atoi(v)
		must(t, err)
		sum += n
	}
	for id, n := range on {
		if n != want[id] {
			d.mixed++
			t.Errorf("transfer %s is on %d of %d shards", id, n, want[id])
		}
	}
	for id, state := range acks {
		if _, done := on[id]; done != (state == "committed") && state != "unknown" {
			d.lied++
			t.Errorf("transfer %s is said to be %s; it is there: %v", id, state, done)
		}
	}
	if sum != 3*100*100 {
		d.unbalanced++
		t.Errorf("the sum of all balances is %d", sum)
	}
	d.rig.onAll("TRUNCATE journal")
}
