#!/bin/sh
# pgbench in its three protocols, with more clients than a pool has server conns; its own invariant must hold.
set -eu
count=0
check() {
	count=$((count + 1))
	if [ "$2" != "$3" ]; then
		echo "FAILED $1: got '$2', want '$3'"
		exit 1
	fi
}

# pgbench's table names are fixed: a schema of our own, chosen by search_path, keeps runs apart.
schema="drv_pgbench_$$"
psql -X -q -c "create schema $schema"
export PGOPTIONS="-c search_path=$schema"
out=$(mktemp)
pgbench -i -q -s 1 >/dev/null 2>&1
for mode in simple extended prepared; do
	# One thread for each client: pgbench prepares with a blocking call, so a client that waits for a server conn
	# would stop those of its thread that hold one in a transaction, and both for good.
	pgbench -n -M $mode -c 24 -j 24 -t 60 >"$out" 2>&1 || { cat "$out"; exit 1; }
	check "$mode" "$(grep -c 'number of transactions actually processed: 1440/1440' "$out")" 1
	check "$mode, failed" "$(sed -n 's/number of failed transactions: \([0-9]*\).*/\1/p' "$out")" 0
	pgbench -n -S -M $mode -c 24 -j 2 -t 200 >"$out" 2>&1 || { cat "$out"; exit 1; }
	check "$mode, select only" "$(grep -c 'actually processed: 4800/4800' "$out")" 1
done
check "sums agree" "$(psql -X -At -c 'select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history) and (select sum(bbalance) from pgbench_branches) = (select sum(tbalance) from pgbench_tellers)')" t
check "history is whole" "$(psql -X -At -c 'select count(*) from pgbench_history')" 4320

cat >"$out" <<'SQL'
\set a random(1, 1000)
\startpipeline
select :a;
select :a + 1;
begin;
select :a + 2;
end;
\endpipeline
SQL
check "pipelines" "$(pgbench -n -M extended -c 12 -j 2 -t 100 -f "$out" 2>&1 | grep -c 'actually processed: 1200/1200')" 1
check "new connection each time" "$(pgbench -n -C -S -M prepared -c 4 -j 2 -t 25 2>&1 | grep -c 'actually processed: 100/100')" 1
rm -f "$out"
psql -X -q -c "drop schema $schema cascade" 2>/dev/null
echo "ok $count checks"
