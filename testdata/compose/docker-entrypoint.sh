#!/bin/bash
# The entrypoint of the stand-in for the postgres image (base-image.sh). It
# does of the official one's interface what docker-compose.yml uses:
# POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, PGDATA and
# /docker-entrypoint-initdb.d.
set -euo pipefail

[ "${1:-}" = postgres ] || exec "$@"

export PGDATA=${PGDATA:-/var/lib/postgresql/data}
export POSTGRES_USER=${POSTGRES_USER:-postgres}
export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}

if [ "$(id -u)" = 0 ]; then
	install -d -o postgres -g postgres -m 700 "$PGDATA"
	install -d -o postgres -g postgres -m 2775 /var/run/postgresql
	find "$PGDATA" ! -user postgres -exec chown postgres:postgres {} +
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

# Sets up a new data folder, with a server that only this script can reach.
set_up() {
	if [ -z "${POSTGRES_PASSWORD:-}" ]; then
		echo "POSTGRES_PASSWORD must be set for a new database" >&2
		exit 1
	fi
	initdb -U "$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
		--auth-local=trust --auth-host=scram-sha-256 -E UTF8 --locale=C.UTF-8
	echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	pg_ctl -w -o "-c listen_addresses=''" start
	if [ "$POSTGRES_DB" != postgres ]; then
		createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
	fi
	for f in /docker-entrypoint-initdb.d/*; do
		case $f in
		*.sh) if [ -x "$f" ]; then "$f"; else . "$f"; fi ;;
		*.sql) psql -X -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -f "$f" ;;
		esac
	done
	pg_ctl -w -m fast stop
}

[ -s "$PGDATA/PG_VERSION" ] || set_up
exec "$@"
