package leakcheck

import (
	"context"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
)

// The role and the databases that Prepare makes.
const (
	User     = "leak"
	Password = "leak-secret"
	Pooled   = "leak_a" // worked in through the pooler
	Private  = "leak_b" // worked in directly
)

// Prepare makes the role and both databases, with a table for each session,
// given a superuser's connection string.
func Prepare(ctx context.Context, superuser string, sessions int) error {
	for _, sql := range []string{
		"create role " + User + " login password '" + Password + "'",
		// A server session that ever had a custom parameter keeps an empty
		// value for it; here all have one from the start, so that it is equal.
		"alter role " + User + " set leak.custom = ''", "alter role " + User + " set leak.other = ''",
		"create role leak_other", "grant leak_other to " + User,
		"create database " + Pooled + " owner " + User, "create database " + Private + " owner " + User,
	} {
		if err := execute(ctx, superuser, "", sql); err != nil {
			return err
		}
	}
	for _, database := range []string{Pooled, Private} {
		sql := "create schema leak_s1; create schema leak_s2; grant usage on schema leak_s1, leak_s2 to public;"
		for i := range sessions {
			sql += fmt.Sprintf("create table public.leak_t%d (i int); create sequence public.leak_q%d;", i, i)
			sql += fmt.Sprintf("alter table public.leak_t%d owner to %s; alter sequence public.leak_q%d owner to %s;", i, User, i, User)
		}
		if err := execute(ctx, superuser, database, sql); err != nil {
			return err
		}
	}
	return nil
}

func execute(ctx context.Context, superuser, database, sql string) error {
	cfg, err := pgx.ParseConfig(superuser)
	if err != nil {
		return err
	}
	if database != "" {
		cfg.Database = database
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("%.60s: %w", sql, err)
	}
	return nil
}

// URL is the connection string of database at addr (host:port).
func URL(addr, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(User, Password), Host: addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}
