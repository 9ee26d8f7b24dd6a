package session

import (
	"bytes"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// takeSharded takes a simple Query on a sharded cluster. done is false when
// the ordinary way leads to its only shard.
func (s *Session) takeSharded(read *sqlparse.Statement, sql []byte) (done bool, err error) {
	if !s.t.queue.empty() || s.t.unsynced {
		return true, s.reject(errMixed, 'Q')
	}
	if !s.shards.gang.open {
		s.shards.gang.fresh(s)
		to := s.targetOf(read, sql, nil)
		if to.err != nil {
			return true, s.reject(to.err, 'Q')
		}
		if s.here(to) {
			s.t.routed = true
			return false, nil
		}
		if s.keptOfGang(read, sql) {
			return true, nil
		}
		if s.inTransaction() {
			s.openGang()
		}
	}
	s.t.order = &order{read: read, sql: string(sql), describe: true, simple: true}
	return true, nil // exchange runs it, when the Query is out of the client's input
}

var errMixed = pgerror.New(pgerror.FeatureNotSupported, "a simple query cannot stand between the messages of a batch on a sharded cluster").
	WithHint("Send a Sync first.")

// extended are the messages of a batch.
var extended = [256]bool{'P': true, 'B': true, 'D': true, 'E': true, 'C': true}

// routeBatch decides where the batch goes whose first message stands in the
// client's input. more: it must come further first.
func (s *Session) routeBatch() (more bool, err error) {
	ahead, whole := s.lookAhead()
	if !whole {
		return true, nil
	}
	t := s.traffic()
	t.executes, t.first = ahead.executes, ahead.first
	s.shards.gang.fresh(s)
	open, to := s.shards.gang.open, ahead.target
	if ahead.refusal != nil && !open {
		t.routed = true
		return false, s.rejectBatch(ahead.refusal)
	}
	if s.conn != nil && t.unsynced && !s.inTransaction() && !to.gang && !to.any && to.shard != s.shards.at {
		if err := s.leaveBatch(); err != nil { // its front was only described
			return false, err
		}
		s.traffic().executes = ahead.executes
	}
	if open || !s.here(to) {
		return false, s.batchByGang(ahead.executes)
	}
	s.traffic().routed = true
	return false, nil
}

// batchByGang gives the batch to the gang, unless it is answered from memory.
func (s *Session) batchByGang(executes int) error {
	if s.conn != nil && s.t.unsynced {
		if err := s.leaveBatch(); err != nil {
			return err
		}
	}
	switch {
	case s.inTransaction() && !s.shards.gang.open:
		s.openGang()
	case !s.inTransaction() && s.settings.Load().Keep != nil:
		if answered, err := s.keptBatch(s.client.Input(), EveryShard); answered || err != nil {
			return err
		}
	}
	t := s.traffic()
	t.first = nil
	t.routed, t.byGang, t.executes = true, true, executes
	s.beginGang()
	return nil
}

// rejectBatch refuses what the client has sent up to its Sync.
func (s *Session) rejectBatch(refusal *pgerror.Error) error { return s.reject(refusal, 'P') }

// errUnrouted is the answer to what cannot be looked at as a whole.
var errUnrouted = pgerror.New(pgerror.FeatureNotSupported, "function calls by their number, and statements too long to be read, are not supported on a sharded cluster").
	WithHint("Use SQL in place of the function call protocol (large objects), COPY in place of very long statements.")

// stepShards does what is to be done with a message of a batch before the
// ordinary way takes it. waits: it has been dealt with, or more must come.
func (s *Session) stepShards(typ byte, total int) (waits bool, err error) {
	t := s.traffic()
	if !t.routed && !t.skipping {
		more, err := s.routeBatch()
		if more {
			return true, s.await()
		}
		if err != nil || s.t == nil { // the last: it was answered from memory
			return true, err
		}
		t = s.t
	}
	if !t.byGang {
		return false, nil
	}
	frame := s.client.Input()[:total]
	if typ == 'E' { // it may be a COPY, whose data stand behind it
		frame = bytes.Clone(frame)
		s.client.Consume(total)
		return true, s.gangTake(typ, frame)
	}
	err = s.gangTake(typ, frame)
	if err == nil {
		s.client.Consume(total)
	}
	return true, err
}

// leaveBatch ends, for the server, a batch of which the client has flushed
// the front and whose rest concerns another shard. Nothing was run in it.
func (s *Session) leaveBatch() error {
	t := s.t
	if t.executed > 0 || s.inTransaction() {
		return s.rejectBatch(errAcrossFlush)
	}
	t.out = protocol.AppendFrame(t.out, 'S')
	t.queue.push(expect{kind: 'S', do: skip})
	t.unsynced = false
	return s.exchange()
}

var errAcrossFlush = pgerror.New(pgerror.FeatureNotSupported, "a batch that was flushed in the middle cannot go on on another shard").
	WithHint("Send a Sync before the statement for the other shard.")
