package transcript

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The goldens name these: every server that files are played on has them, and
// every wye in front of it must let them in. Both roles have Password.
const (
	User     = "wire"      // owner of Database, no superuser; may SET ROLE wire_other
	Root     = "wire_root" // superuser, may start replication
	Password = "wire-secret"
	Database = "wire"
)

// ReplicationHBA is the pg_hba.conf line that startup_replication.txt needs
// beside the usual ones: "all" does not cover physical replication.
const ReplicationHBA = "host replication all 127.0.0.1/32 scram-sha-256"

// Prepare makes the roles and the database on a fresh PostgreSQL, given a
// superuser's connection string. The settings that a golden shows are fixed on
// the database, so that the machine's time zone and language do not matter.
func Prepare(ctx context.Context, superuser string) error {
	conn, err := pgx.Connect(ctx, superuser)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, sql := range []string{
		"create role wire login password '" + Password + "'",
		"create role wire_root superuser login replication password '" + Password + "'",
		"create role wire_other",
		"grant wire_other to wire",
		"create database wire owner wire template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'",
		"alter database wire set timezone = 'UTC'",
		"alter database wire set datestyle = 'ISO, MDY'",
		"alter database wire set lc_messages = 'C'",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
