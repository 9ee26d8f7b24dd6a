#!/bin/bash
# The replica's entrypoint: a copy of the primary that PRIMARY names, then the image's own
# entrypoint, which gives the files to the user postgres and starts the server.
set -euo pipefail

if [ ! -e "$PGDATA/PG_VERSION" ]; then
	rm -rf "$PGDATA.new" # a copy that was cut short
	PGPASSWORD=$REPLICATION_PASSWORD pg_basebackup -h "$PRIMARY" -U replicator -D "$PGDATA.new" -X stream -c fast -R
	mv "$PGDATA.new" "$PGDATA"
fi
exec docker-entrypoint.sh "$@"
