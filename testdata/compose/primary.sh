#!/bin/bash
# Runs once, in a new primary: accounts, who may replicate, and the database
# that only one of the shards has.
set -euo pipefail

psql -X -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "$POSTGRES_DB" \
	-v app="$APP_PASSWORD" -v monitor="$MONITOR_PASSWORD" -v auth="$AUTH_PASSWORD" \
	-v health="$HEALTH_PASSWORD" -v replication="$REPLICATION_PASSWORD" <<'SQL'
SET password_encryption = 'scram-sha-256';
CREATE ROLE app LOGIN PASSWORD :'app';
CREATE ROLE monitor LOGIN PASSWORD :'monitor' IN ROLE pg_monitor;
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replication';
GRANT CREATE ON SCHEMA public TO app;

-- wye's own: only a superuser may finish what other roles have prepared, which
-- commits on several shards need when one was lost on the way.
CREATE ROLE wye LOGIN SUPERUSER PASSWORD :'health';

-- What auth_query of wye.yaml asks for, and no more.
CREATE ROLE wye_auth LOGIN PASSWORD :'auth';
GRANT SELECT (rolname, rolpassword, rolcanlogin, rolvaliduntil) ON pg_catalog.pg_authid TO wye_auth;
SQL

if [ -n "${ALSO_DB:-}" ]; then
	psql -X -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "$POSTGRES_DB" -v also="$ALSO_DB" <<'SQL'
CREATE DATABASE :"also";
\connect :"also"
GRANT CREATE ON SCHEMA public TO app;
GRANT SELECT (rolname, rolpassword, rolcanlogin, rolvaliduntil) ON pg_catalog.pg_authid TO wye_auth;
SQL
fi

echo "host replication replicator all scram-sha-256" >>"$PGDATA/pg_hba.conf"
