package commit

import (
	"context"
	"fmt"
	"strconv"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// schemaVersion is raised with every change of schemaSQL.
const schemaVersion = 2

// setupLock is an advisory lock: "wye" and a number.
const setupLock = 0x77796500 + 1

// schemaSQL makes what a decider needs. Everybody may decide, by way of the
// function, for a transaction whose secret they know, and nothing else.
//
// The function refuses when the name is older than ten minutes, so that a
// tombstone need not be kept for ever, and when it comes from the future, so
// that this says something. It raises synchronous_commit: the decision must
// not be lost in a crash that what is prepared survives.
//
// A schema that somebody else made could have anything in it, triggers too,
// that would run with the rights of wye's role.
const schemaSQL = `
DO $wye$
DECLARE
	whose text;
BEGIN
	SELECT pg_catalog.pg_get_userbyid(n.nspowner) INTO whose FROM pg_catalog.pg_namespace n WHERE n.nspname = 'wye';
	IF whose IS NULL THEN
		CREATE SCHEMA wye;
	ELSIF whose <> current_user AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = whose) THEN
		RAISE EXCEPTION 'schema wye belongs to %', whose USING ERRCODE = '42501',
			HINT = 'wye makes this schema by itself; drop it, or give it to the role that wye logs in with.';
	END IF;
END
$wye$;
CREATE TABLE IF NOT EXISTS wye.dtx (
	dtx text PRIMARY KEY,
	state "char" NOT NULL CHECK (state IN ('c', 'a')),
	at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS wye.shard (
	cluster text PRIMARY KEY,
	number int NOT NULL,
	version int NOT NULL
);
CREATE OR REPLACE FUNCTION wye.decide(name text, secret text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $wye$
DECLARE
	part text[] := string_to_array(name, ':');
	made timestamptz;
BEGIN
	IF name !~ '^wye:[-_.%0-9A-Za-z]{1,100}:[0-9]{1,2}:[0-9]{1,15}:[0-9a-f]{32}$' THEN
		RAISE EXCEPTION 'not a name of a distributed transaction' USING ERRCODE = '22023';
	END IF;
	IF left(encode(sha256(convert_to(secret, 'UTF8')), 'hex'), 32) <> part[5] THEN
		RAISE EXCEPTION 'wrong secret for this distributed transaction' USING ERRCODE = '42501';
	END IF;
	IF NOT EXISTS (SELECT FROM wye.shard s WHERE s.cluster = part[2] AND s.number = part[3]::int) THEN
		RAISE EXCEPTION 'this server is not set up as shard % of the cluster', part[3] USING ERRCODE = '55000',
			HINT = 'The order of the shards in the configuration must not change.';
	END IF;
	made := to_timestamp(part[4]::float8 / 1000);
	IF clock_timestamp() NOT BETWEEN made - interval '10 min' AND made + interval '10 min' THEN
		RAISE EXCEPTION 'too late to commit the distributed transaction' USING ERRCODE = '55000',
			DETAIL = format('The proxy''s clock said %s, the server''s says %s.', made, clock_timestamp()),
			HINT = 'Set the clocks of the proxy and of the servers.';
	END IF;
	IF current_setting('synchronous_commit') IN ('off', 'local') THEN
		PERFORM set_config('synchronous_commit', 'on', true);
	END IF;
	INSERT INTO wye.dtx (dtx, state) VALUES (name, 'c');
END
$wye$;
` + idsSQL + `
REVOKE ALL ON wye.dtx, wye.shard, wye.ids FROM PUBLIC;
REVOKE ALL ON SCHEMA wye FROM PUBLIC;
GRANT USAGE ON SCHEMA wye TO PUBLIC;
GRANT EXECUTE ON FUNCTION wye.decide, wye.unique_id TO PUBLIC;
`

// Setup makes the schema wye on a shard's primary, unless it is there, and
// writes there once which shard it is. It fails where it was told before to
// be another one: names of prepared transactions say shards by number. Any
// number of proxies may call it at once, at every start.
func Setup(ctx context.Context, conn AdminConn, cluster string, shard int) error {
	escaped, err := escapeCluster(cluster)
	if err != nil {
		return err
	}
	if shard < 0 || shard > maxShard {
		return fmt.Errorf("shard %d: want 0 to %d", shard, maxShard)
	}
	number, version, err := identity(ctx, conn, escaped)
	if err != nil {
		return err
	}
	if version < schemaVersion {
		if err := create(ctx, conn, escaped, shard); err != nil {
			return err
		}
		if number, _, err = identity(ctx, conn, escaped); err != nil {
			return err
		}
	}
	if number != shard {
		return pgerror.Newf(pgerror.ObjectNotInPrerequisiteStat, "the server is shard %d of cluster %s, and cannot be shard %d", number, cluster, shard).
			WithHint("the order of the shards in the configuration must not change; wye.shard on each server says which one it is")
	}
	return nil
}

// identity reads wye.shard; version is 0 when there is none, or no row.
func identity(ctx context.Context, conn AdminConn, cluster string) (number, version int, err error) {
	rows, err := conn.Query(ctx, "SELECT pg_catalog.to_regclass('wye.shard')")
	if err != nil || rows[0][0] == "" {
		return 0, 0, err
	}
	rows, err = conn.Query(ctx, "SELECT number, version FROM wye.shard WHERE cluster = '"+cluster+"'")
	if err != nil || len(rows) == 0 {
		return 0, 0, err
	}
	if number, err = strconv.Atoi(rows[0][0]); err == nil {
		version, err = strconv.Atoi(rows[0][1])
	}
	return number, version, err
}

func create(ctx context.Context, conn AdminConn, cluster string, shard int) error {
	_, err := conn.Exec(ctx, fmt.Sprintf("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on;"+
		" SELECT pg_catalog.pg_advisory_xact_lock(%d); %s"+
		" INSERT INTO wye.shard VALUES ('%s', %d, %d) ON CONFLICT (cluster) DO UPDATE SET version = excluded.version; COMMIT",
		setupLock, schemaSQL, cluster, shard, schemaVersion))
	if said(err) != nil {
		_, _ = conn.Exec(ctx, "ROLLBACK") // the error before it is the one to tell
	}
	return err
}

// Check returns a shard's max_prepared_transactions, for Budget.Limit, or why
// two-phase commit cannot work there.
func Check(ctx context.Context, conn AdminConn, shard int) (maxPrepared int, err error) {
	rows, err := conn.Query(ctx, "SELECT pg_catalog.current_setting('max_prepared_transactions')")
	if err != nil {
		return 0, err
	}
	maxPrepared, err = strconv.Atoi(rows[0][0])
	if err == nil && maxPrepared == 0 {
		err = pgerror.Newf(pgerror.ObjectNotInPrerequisiteStat, "prepared transactions are disabled on shard %d", shard).
			WithHint("set max_prepared_transactions on every shard to at least its max_connections and restart it; without it a transaction can write on one shard only")
	}
	return maxPrepared, err
}
