package leakcheck

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// step is done on both sides. run writes what the client sees.
type step struct {
	kind string
	text string // for the report
	run  func(ctx context.Context, conn *pgconn.PgConn, out *strings.Builder)
}

// simple is a Query message, of one statement or of several.
func simple(kind, sql string) step {
	return step{kind, sql, func(ctx context.Context, conn *pgconn.PgConn, out *strings.Builder) {
		results, err := conn.Exec(ctx, sql).ReadAll()
		for _, r := range results {
			writeResult(out, r)
		}
		if len(results) == 0 || results[len(results)-1].Err == nil {
			writeError(out, err)
		}
	}}
}

// params is the unnamed statement with arguments.
func params(kind, sql string, args ...string) step {
	return step{kind, fmt.Sprintf("%s %q", sql, args), func(ctx context.Context, conn *pgconn.PgConn, out *strings.Builder) {
		writeResult(out, conn.ExecParams(ctx, sql, bytesOf(args), nil, nil, nil).Read())
	}}
}

func parse(name, sql string) step {
	return step{"parse", name + " " + sql, func(ctx context.Context, conn *pgconn.PgConn, out *strings.Builder) {
		d, err := conn.Prepare(ctx, name, sql, nil)
		if err != nil {
			writeError(out, err)
			return
		}
		fmt.Fprintf(out, "%v %v\n", d.ParamOIDs, d.Fields)
	}}
}

func bind(name string, args ...string) step {
	return step{"bind", fmt.Sprintf("%s %q", name, args), func(ctx context.Context, conn *pgconn.PgConn, out *strings.Builder) {
		writeResult(out, conn.ExecPrepared(ctx, name, bytesOf(args), nil, nil).Read())
	}}
}

func closeStatement(name string) step {
	return step{"close", name, func(ctx context.Context, conn *pgconn.PgConn, out *strings.Builder) {
		writeError(out, conn.Deallocate(ctx, name))
	}}
}

// pipeline sends all statements, with a Sync after each that says so, before
// it reads an answer.
func pipeline(statements []string) step {
	return step{"pipeline", strings.Join(statements, " ; "), func(ctx context.Context, conn *pgconn.PgConn, out *strings.Builder) {
		p := conn.StartPipeline(ctx)
		syncs := 1
		for _, sql := range statements {
			if sql == "sync" {
				_ = p.Sync() // an error shows at the next read
				syncs++
				continue
			}
			p.SendQueryParams(sql, nil, nil, nil, nil)
		}
		_ = p.Sync() // an error shows at the next read
		for syncs > 0 {
			r, err := p.GetResults()
			if err != nil {
				writeError(out, err)
				if !fromServer(err) {
					break
				}
				continue
			}
			switch r := r.(type) {
			case *pgconn.ResultReader:
				writeResult(out, r.Read())
			case *pgconn.PipelineSync:
				out.WriteString("sync\n")
				syncs--
			}
		}
		writeError(out, p.Close())
	}}
}

// copyIn fills a table by COPY; the data may be wrong.
func copyIn(table, rows string) step {
	return step{"copy", table + " " + rows, func(ctx context.Context, conn *pgconn.PgConn, out *strings.Builder) {
		tag, err := conn.CopyFrom(ctx, strings.NewReader(rows), "copy "+table+" from stdin")
		fmt.Fprintf(out, "%s\n", tag)
		writeError(out, err)
	}}
}

func bytesOf(args []string) [][]byte {
	var out [][]byte
	for _, a := range args {
		out = append(out, []byte(a))
	}
	return out
}
