package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// runOrder runs one statement by the gang. What it answers to the client is
// in the edited answer; an error for the client is returned as errClient.
func (s *Session) runOrder(o *order) error {
	if done, err := s.control(o); done {
		return err
	}
	if len(o.read.Parts) > 1 {
		return errClient{errSeveral}
	}
	if s.foreign() && (anyHigh(o.args) || o.read.Kind() == sqlparse.KindCopy) {
		return errClient{errEncoding}
	}
	if o.analysis == nil {
		if p, ok := s.planShape(o.read, []byte(o.sql)); ok {
			return s.runPlan(o, p)
		}
	}
	if o.analysis == nil || o.recoded != s.foreign() {
		s.analyzeOrder(o)
	}
	return s.runPlan(o, o.analysis.Plan(o.args, s.planOptions(o.read)))
}

var errSeveral = pgerror.New(pgerror.FeatureNotSupported, "several statements in one query string cannot concern several shards").
	WithHint("Send them one by one.")

// runPlan runs a plan. Outside of transactions what it wrote is told before
// anything of its end can reach the client, and even if it failed: the server
// may have been done with it.
func (s *Session) runPlan(o *order, p plan.Plan) error {
	g := &s.shards.gang
	g.ddl = g.ddl || mayDefine[o.read.Kind()]
	err := s.carryOut(o, p)
	s.noteDefined(o.read, 0)
	if !g.inTx() {
		s.gangWrote()
	}
	return err
}

func (s *Session) carryOut(o *order, p plan.Plan) error {
	switch p := p.(type) {
	case *plan.Reject:
		return errClient{p.Err}
	case *plan.Direct:
		return s.runDirect(o, p)
	case *plan.Scatter:
		return s.scatterOrder(o, p)
	case *plan.Cursor:
		return s.declareOrder(o, p)
	case *plan.Broadcast:
		return s.broadcastOrder(o, p)
	case *plan.Carry:
		return s.carryOrder(o, p)
	case *plan.Move:
		return s.moveOrder(o, p)
	case *plan.CopyIn:
		return s.copyInOrder(o, p)
	case *plan.CopyOut:
		return s.copyOutOrder(o, p)
	}
	return errClient{pgerror.New(pgerror.InternalError, "a plan that nobody can run")}
}

// runDirect runs the statement on the one shard that it concerns, or on any
// that the gang has already where all would do.
func (s *Session) runDirect(o *order, p *plan.Direct) error {
	k := p.Shard
	if p.AnyShard {
		k = s.anyShard(k)
	}
	if o.read.Kind() == sqlparse.KindDeclare {
		if err := s.declaring(o.read.Parts[0].Name, k); err != nil {
			return err
		}
	}
	if outlasts(o.read) {
		if err := s.leaves(k); err != nil {
			return err
		}
	}
	reads := s.shards.all.List[k].Servers.Router().Verdict(o.read).ReadOnly
	var to func(int) *Reader
	if reads {
		to = s.readersFor(p.Role)
	}
	if !reads {
		if m, err := s.member(k, nil); err != nil {
			return errClient{err}
		} else {
			m.wrote = true
		}
	}
	return s.directOrder(o, k, to)
}

// anyShard prefers a shard where the gang has a conn.
func (s *Session) anyShard(fallback int) int {
	for k, m := range s.shards.gang.members {
		if m != nil && m.reader == nil {
			return k
		}
	}
	return fallback
}

// gangQuery answers a simple Query by the gang.
func (s *Session) gangQuery(o *order) error {
	s.forgetUnnamed()
	s.beginGang()
	err := s.runOrder(o)
	if s.shards.gang.implicit {
		err = s.endImplicit(err)
	}
	if err := s.answerGang(err); err != nil {
		return err
	}
	s.edited(protocol.AppendReady(s.edit(), s.idleStatus))
	return s.gangDone(1)
}

// beginGang notes that the gang works for the client now.
func (s *Session) beginGang() {
	s.requestAt = now()
	if s.xactAt == 0 {
		s.xactAt = s.requestAt
	}
	s.splits = s.settings.Load().Reads.Replicas
	c := &s.t.course
	c.avoid, c.reruns, c.verdict, c.proven = 0, 0, nil, false
	s.setState(active, s.requestAt)
}

// answerGang tells the client of an error: one that fails the transaction, if
// it is in one. Other errors end the session.
func (s *Session) answerGang(err error) error {
	if err == nil {
		return nil
	}
	refusal, ok := asRefusal(err)
	if !ok {
		return err
	}
	if s.doomed() != nil {
		return errVerdict
	}
	s.counts.Failed(refusal.Code)
	s.edited(refusal.AppendFrame(s.edit()))
	if g := &s.shards.gang; g.open {
		g.failed = true
		s.toldStatus(protocol.TxFailed)
	}
	return nil
}

// endImplicit ends the transaction that wye began for one statement.
func (s *Session) endImplicit(err error) error {
	if err == nil {
		if refusal := s.commitGang(); refusal != nil {
			err = errClient{refusal}
		}
	}
	s.shards.gang.implicit = false
	s.disband()
	return err
}

// gangDone leaves the answer to be sent, and gives back the conns unless a
// transaction needs them.
func (s *Session) gangDone(statements int) error {
	at := now()
	g := &s.shards.gang
	if !g.open {
		if s.splits {
			s.looked, s.home = instant(at), nil
		}
		s.tellGang()
		s.disband()
		s.tally.Xact(at - s.xactAt)
		s.xactAt = at
		s.shown.xactSince.Store(0)
	} else {
		s.tellGang()
	}
	s.tally.Query(at - s.requestAt)
	s.tally.Queries += int64(max(statements-1, 0))
	if err := s.queueAnswer(); err != nil {
		return err
	}
	s.store()
	s.counts.Add(&s.tally)
	s.dropTraffic()
	s.setState(s.restState(), at)
	return nil
}

// tellGang tells the client of parameters that differ on the conn that
// answers for all.
func (s *Session) tellGang() {
	for _, m := range s.shards.gang.members {
		if m != nil && m.conn.Reported != s.told {
			s.tell(m.conn.Reported)
			return
		}
	}
}
