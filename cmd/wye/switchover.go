package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// defaultConsole is what `wye switchover` and its like ask without a flag: the default
// bind of a listener. PGUSER, PGPASSWORD and the like are followed.
const defaultConsole = "postgres://127.0.0.1:6432/pgbouncer"

// dialLimit bounds connecting and logging in.
const dialLimit = 10 * time.Second

// switchoverOptions are the flags and arguments of `wye switchover`.
type switchoverOptions struct {
	consoleAt
	node, database string
}

func parseSwitchover(args []string, errs io.Writer) (o switchoverOptions, ok bool) {
	f := flag.NewFlagSet("wye switchover", flag.ContinueOnError)
	f.SetOutput(errs)
	o.flags(f)
	f.StringVar(&o.node, "to", "", "`NODE` to promote, host:port as in SHOW HOSTS; without it wye chooses")
	if f.Parse(args) != nil {
		return o, false
	}
	if f.NArg() > 1 || o.both() {
		fmt.Fprintln(errs, "usage: wye switchover [--config FILE | --console URL] [--to NODE] [DATABASE]")
		return o, false
	}
	o.database = f.Arg(0)
	return o, true
}

// verb is the console's.
func (o *switchoverOptions) verb() string {
	sql := "SWITCHOVER"
	if o.database != "" || o.node != "" {
		sql += ` "` + strings.ReplaceAll(o.database, `"`, `""`) + `"`
	}
	if o.node != "" {
		sql += " '" + strings.ReplaceAll(o.node, "'", "''") + "'"
	}
	return sql
}

// runSwitchover is `wye switchover`: 0 when the other server is the primary.
// It only asks; the running wye does it, and stops when this process goes.
func runSwitchover(args []string, out, errs io.Writer) int {
	o, ok := parseSwitchover(args, errs)
	if !ok {
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	answer, err := o.ask(ctx, errs)
	if err != nil {
		printError(errs, err)
		return exitFailed
	}
	fmt.Fprintln(out, answer)
	return exitOK
}

func (o *switchoverOptions) ask(ctx context.Context, errs io.Writer) (answer string, err error) {
	url, err := o.url(errs)
	if err != nil {
		return "", err
	}
	results, err := query(ctx, url, o.verb())
	if err != nil {
		return "", err
	}
	for _, r := range results {
		for _, row := range r.Rows {
			answer += string(row[0])
		}
	}
	return answer, nil
}

// query connects, runs SQL of the simple protocol and leaves.
func query(ctx context.Context, url, sql string) ([]*pgconn.Result, error) {
	dialling, stop := context.WithTimeout(ctx, dialLimit)
	defer stop()
	conn, err := pgconn.Connect(dialling, url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(dialling)) }()
	return conn.Exec(ctx, sql).ReadAll()
}

// printError prints what a server said as it says it, anything else as it is.
func printError(errs io.Writer, err error) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		fmt.Fprintln(errs, "wye:", err)
		return
	}
	fmt.Fprintf(errs, "wye: %s (%s)\n", e.Message, e.Code)
	for _, more := range []string{e.Detail, e.Hint} {
		if more != "" {
			fmt.Fprintln(errs, "    ", more)
		}
	}
}
