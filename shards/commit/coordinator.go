package commit

import (
	"context"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// DefaultLimit bounds a phase of a commit.
const DefaultLimit = 10 * time.Second

// Options say who commits.
type Options struct {
	// Cluster names the cluster in gids: all proxies in front of the same
	// shards must say the same, and go on saying it.
	Cluster string
	Dial    Dialer
	Now     func() time.Time
	// Random must not be predictable: who foresees a name could spoil it.
	Random func() uint64
	// Budget, nil for none, may be shared by several coordinators.
	Budget *Budget
	// Limit bounds each phase, not all of Commit; DefaultLimit when 0.
	Limit time.Duration
	// Step, nil for none, is called at each step, by several goroutines at
	// once, and may block: it is for tests.
	Step func(Step)
}

// Coordinator commits transactions on several shards of one cluster. Safe for
// concurrent use.
type Coordinator struct {
	o       Options
	cluster string // escaped
	open    *registry
}

// New returns a coordinator, or why the cluster's name cannot be used.
func New(o Options) (*Coordinator, error) {
	cluster, err := escapeCluster(o.Cluster)
	if err != nil {
		return nil, err
	}
	if o.Budget == nil {
		o.Budget = NewBudget(0)
	}
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	return &Coordinator{o: o, cluster: cluster, open: newRegistry()}, nil
}

// Budget is the one of Options, or its own.
func (c *Coordinator) Budget() *Budget { return c.o.Budget }

// Commit commits the open transactions of the participants, all or none. It
// returns within a few times the limit. The end of ctx, a cancel request, has
// it rolled back as long as nothing is decided.
func (c *Coordinator) Commit(ctx context.Context, participants []Participant) Outcome {
	r := &run{c: c}
	for _, p := range participants {
		l := &leg{Participant: p}
		r.legs = append(r.legs, l)
		switch {
		case p.Wrote || p.Plain:
			r.writers = append(r.writers, l)
		case p.Late:
			r.late = append(r.late, l)
		default:
			r.early = append(r.early, l)
		}
	}
	var out Outcome
	switch len(r.writers) {
	case 0:
		out = r.onlyReaders(ctx)
	case 1:
		out = r.oneWriter(ctx)
	default:
		out = r.several(ctx)
	}
	for _, l := range r.legs {
		if l.lost {
			out.Broken = append(out.Broken, l.Shard)
		}
	}
	return out
}

// run is one commit under way.
type run struct {
	c                    *Coordinator
	legs                 []*leg
	writers, early, late []*leg
	name                 name   // of several writers
	secret               string // of the name
}

// leg is one participant in it. It has one owner at a time: the goroutine of
// the phase, then Commit's.
type leg struct {
	Participant
	ended    bool // its own transaction is over, prepared counts
	prepared bool // or, when lost is set too, perhaps
	lost     bool
	err      *pgerror.Error // for the client
}

// send takes one arrow on the participant's own connection, and wants the
// tag. It notes what is known of the leg then.
func (r *run) send(ctx context.Context, l *leg, arrow Arrow, sql, want string) *pgerror.Error {
	r.c.step(Step{Arrow: arrow, Shard: l.Shard})
	tag, err := l.Conn.Exec(ctx, sql)
	r.c.step(Step{Arrow: arrow, Shard: l.Shard, Done: true})
	switch e := said(err); {
	case e != nil:
		l.ended = arrow != ArrowDecide && arrow != ArrowPrepare // an error may just have failed the transaction
		l.err = refusal(arrow, e)
	case err != nil:
		l.ended, l.lost = true, true
		l.err = errLost(l.Shard, string(arrow), r.c.o.Limit, err)
	default:
		l.ended = arrow != ArrowDecide
		l.err = nil
		if tag != want {
			l.err = errFailedTx
		}
	}
	return l.err
}

func (c *Coordinator) step(s Step) {
	if c.o.Step != nil {
		c.o.Step(s)
	}
}

// phase runs f for all legs at once and returns when the last is done. The
// limit is the whole phase's. The end of the caller's ctx does not cut it
// short: that would cost each leg its connection, and tell us nothing.
func (r *run) phase(ctx context.Context, legs []*leg, f func(context.Context, *leg)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.c.o.Limit)
	defer cancel()
	join(legs, func(l *leg) { f(ctx, l) })
}

// firstError is what the client is told when several failed: what a server
// said goes before the loss of one, for it is more often the cause.
func firstError(legs []*leg) *pgerror.Error {
	var first *pgerror.Error
	for _, l := range legs {
		if l.err != nil && (first == nil || !l.lost) {
			first = l.err
			if !l.lost {
				break
			}
		}
	}
	return first
}
