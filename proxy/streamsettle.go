package proxy

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/walchanges"
)

// unseenAgain is the pause before the primary is asked again whether a commit
// can be seen.
const unseenAgain = 5 * time.Millisecond

// keepUp asks the primary how far it has written, tells it how far it was
// heard, and settles what was heard.
func (s *stream) keepUp(ctx context.Context, ask *protocol.ServerConn) error {
	tick := time.NewTicker(elsewhereEvery)
	defer tick.Stop()
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if err := s.report(ctx, ask); err != nil {
				return err
			}
		case <-s.news:
		case <-again.C:
		}
		left, err := s.settle(ctx, ask)
		if err != nil {
			return err
		}
		if left > 0 || s.defines {
			again.Reset(unseenAgain)
		}
	}
}

// report takes a sample and sends a status.
func (s *stream) report(ctx context.Context, ask *protocol.ServerConn) error {
	if err := s.sample(ctx, ask); err != nil {
		return err
	}
	status := walchanges.AppendStatus(nil, s.heard.Load())
	return s.conn.Send(protocol.AppendFrame(nil, 'd', status...))
}

// note moves the clock by what a transaction wrote.
func (s *stream) note(x *walchanges.Transaction) {
	if !x.Empty() {
		s.elsewhere.cluster.clock.Wrote(freshness.Now(), slices.Collect(maps.Keys(x.Tables)), x.All)
	}
}

// settle moves the clock once more by those transactions that everybody can
// see by now: between the log's word and that moment somebody may have read,
// and kept, what was there before. It returns how many are left.
func (s *stream) settle(ctx context.Context, ask *protocol.ServerConn) (left int, err error) {
	s.mu.Lock()
	waiting := slices.Clone(s.unseen)
	s.mu.Unlock()
	if len(waiting) == 0 && !s.mustLook() {
		return 0, nil
	}
	if len(waiting) > 0 {
		text, err := s.ask(ctx, ask, "SELECT pg_catalog.pg_current_snapshot()")
		if err != nil {
			return 0, err
		}
		snapshot, ok := walchanges.ParseSnapshot(text)
		if !ok {
			return 0, errors.New("pg_current_snapshot() says " + text)
		}
		seen := map[uint32]bool{}
		for i := range waiting {
			x := &waiting[i]
			if snapshot.Shows(x.XID) {
				s.note(x)
				seen[x.XID] = true
				s.defines = s.defines || x.Empty()
				s.mayDefine = s.mayDefine || !x.Empty()
			}
		}
		s.mu.Lock()
		s.unseen = slices.DeleteFunc(s.unseen, func(x walchanges.Transaction) bool { return seen[x.XID] })
		left = len(s.unseen)
		s.mu.Unlock()
	}
	if s.mustLook() {
		return left, s.lookAtDefinitions(ctx, ask)
	}
	return left, nil
}

// What is spent on looking at definitions, as a part of the time: a quarter
// where a transaction wrote no rows and so may have been nothing but a
// definition, a twentieth where it wrote some.
const (
	restDefines   = 4
	restMayDefine = 20
)

// mustLook reports whether definitions are to be looked at now. In a small
// catalog that takes a few milliseconds, and a rest is hardly noticed.
func (s *stream) mustLook() bool {
	since := time.Since(s.looked)
	return s.defines && since >= restDefines*s.took || s.mayDefine && since >= max(elsewhereDeaf, restMayDefine*s.took)
}

func (s *stream) lookAtDefinitions(ctx context.Context, ask *protocol.ServerConn) error {
	s.defines, s.mayDefine = false, false
	began := time.Now()
	now, err := s.fingerprint(ctx, ask)
	s.looked = time.Now()
	s.took = s.looked.Sub(began)
	if err != nil || now == s.definitions {
		return err
	}
	s.definitions = now
	c := s.elsewhere.cluster
	c.catalog.forget(c.router)
	c.dropKept(cache.Defined)
	return nil
}

// fingerprint is a text that is another one when definitions or rights that
// answers depend on have changed.
func (s *stream) fingerprint(ctx context.Context, ask *protocol.ServerConn) (string, error) {
	return s.askWithin(ctx, ask, elsewhereDefinitions, fingerprintSQL)
}

// fingerprintSQL adds up hashes of what the catalog has of relations and their
// storage (which REFRESH and rewrites change), columns, views, policies,
// functions, operators, casts, triggers, constraints, types and enum labels,
// collations, text search, rights, roles and their settings. Who wrote a row
// last, its xmin, stands for what is in it: what VACUUM and ANALYZE note in
// pg_class leaves that as it is (heap_inplace_update), and little else is as
// cheap to hash. Temporary tables come and go.
const fingerprintSQL = `SELECT pg_catalog.concat_ws('/',
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_class WHERE relkind IN ('r','p','v','m','f') AND relpersistence <> 't'),
 (SELECT sum(hashtext(concat_ws(' ', a.attrelid, a.attnum, a.xmin))::int8) FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE a.attnum > 0 AND a.attrelid >= 16384 AND c.relkind IN ('r','p','v','m','f') AND c.relpersistence <> 't'),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_policy),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_rewrite WHERE oid >= 16384),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_proc WHERE oid >= 16384 OR proacl IS NOT NULL),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_trigger),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_constraint WHERE oid >= 16384),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_inherits i, LATERAL (SELECT i.inhrelid) x(oid)),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_type WHERE oid >= 16384 AND typtype IN ('b','d','e','r')),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_enum),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_operator WHERE oid >= 16384),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_cast WHERE oid >= 16384),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_collation WHERE oid >= 16384),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_ts_config),
 (SELECT sum(hashtext(concat_ws(' ', oid, xmin))::int8) FROM pg_catalog.pg_ts_dict),
 (SELECT sum(hashtext(concat_ws(' ', mapcfg, maptokentype, mapseqno, mapdict, xmin))::int8) FROM pg_catalog.pg_ts_config_map),
 (SELECT sum(hashtext(concat_ws(' ', oid, nspname, nspowner, nspacl::text))::int8) FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg_temp%' AND nspname NOT LIKE 'pg_toast_temp%'),
 (SELECT sum(hashtext(concat_ws(' ', roleid, member, xmin))::int8) FROM pg_catalog.pg_auth_members),
 (SELECT sum(hashtext(concat_ws(' ', oid, rolname, rolsuper, rolinherit, rolbypassrls, rolconfig::text))::int8) FROM pg_catalog.pg_roles),
 (SELECT sum(hashtext(concat_ws(' ', setdatabase, setrole, setconfig::text))::int8) FROM pg_catalog.pg_db_role_setting))`
