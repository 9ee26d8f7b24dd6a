package commit

// idsSQL makes wye.unique_id(), which gives a bigint that no other call on any
// shard of the cluster gives. From the top, its 63 bits are
//
//	11  the timeline of the shard's primary, less one
//	45  what the sequence wye.ids of this shard gave
//	 7  the number of the shard, as wye.shard has it
//
// It is the shard that has a number and not the proxy, so that a column can
// have DEFAULT wye.unique_id(), also for those who write behind wye's back,
// and so that no lease can run out while its holder still counts. There is
// no time in it, and so no clock that could be set back.
//
// Why no two are equal: calls on two shards differ in the last 7 bits; that a
// server's number does not change, Setup sees to, and a database that is
// several shards at once is refused by the function. Concurrent calls on one
// shard get different values of one sequence; what a transaction took and
// rolled back is not given again. After a crash the sequence goes on behind
// all that any flushed WAL record says, and a call makes its transaction write
// one at its commit (pg_current_xact_id), so that an id of a committed
// transaction, also of a SELECT, is never given again. synchronous_commit =
// off gives that up, as it does everything. A standby that is promoted may
// lack the last WAL, but begins a new timeline, and so does a server that was
// restored to a point in time: their ids differ in the first 11 bits.
// Two primaries at once that were promoted from one are beyond this.
//
// In a session on one shard the ids rise. The sequence holds 3.5e13, enough for
// a million a second for a year on each timeline; with the 2047th promotion
// or the last value calls fail, and none comes again.
const idsSQL = `
CREATE SEQUENCE IF NOT EXISTS wye.ids AS bigint MINVALUE 0 MAXVALUE 35184372088831 START 1 CACHE 1 NO CYCLE;
CREATE OR REPLACE FUNCTION wye.unique_id() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $wye$
DECLARE
	node int;
	last int;
	line bigint := ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint - 1;
BEGIN
	SELECT min(s.number), max(s.number) INTO node, last FROM wye.shard s;
	IF node IS NULL OR node <> last OR node > 127 THEN
		RAISE EXCEPTION 'this database is not one shard, so that it cannot give unique ids' USING ERRCODE = '55000',
			HINT = 'wye.shard says which shards of which clusters it is: they must have one number.';
	END IF;
	IF line NOT BETWEEN 0 AND 2047 THEN
		RAISE EXCEPTION 'no unique ids are left after % promotions', line USING ERRCODE = '54000';
	END IF;
	PERFORM pg_current_xact_id();
	RETURN (line << 52) | (nextval('wye.ids') << 7) | node;
END
$wye$;`
