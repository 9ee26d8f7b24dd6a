package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

// explainMemory is for the texts of one catalog.
const explainMemory = 8 << 20

// explainOptions are the flags and arguments of `wye explain`.
type explainOptions struct {
	file, cluster string
	url, sql      string
	facts         router.Facts

	places *shards.Map // of a sharded cluster of the configuration
	gather bool
}

func parseExplain(args []string, errs io.Writer) (o explainOptions, ok bool) {
	f := flag.NewFlagSet("wye explain", flag.ContinueOnError)
	f.SetOutput(errs)
	var readOnly bool
	f.StringVar(&o.file, "config", "", "configuration `FILE`: its split section counts, and its servers are asked where no URL is given")
	f.StringVar(&o.cluster, "cluster", "", "`NAME` of the cluster in it (default: the first)")
	f.BoolVar(&o.facts.InTx, "in-transaction", false, "after BEGIN, before anything else in the transaction")
	f.BoolVar(&readOnly, "read-only", false, "transactions are READ ONLY")
	f.BoolVar(&o.facts.Split, "split", false, "split.transactions is on")
	f.StringVar(&o.facts.Role, "role", "", "wye.role of the session: auto, primary or replica")
	if f.Parse(args) != nil {
		return o, false
	}
	o.facts.DefaultReadOnly, o.facts.ReadOnlyTx = readOnly, readOnly && o.facts.InTx
	switch f.NArg() {
	case 1:
		o.sql = f.Arg(0)
	case 2:
		o.url, o.sql = f.Arg(0), f.Arg(1)
	default:
		fmt.Fprintln(errs, "usage: wye explain [--config FILE] [--cluster NAME] [--in-transaction] [--read-only] [--split] [--role ROLE] [URL] 'SQL'")
		return o, false
	}
	if f.NArg() == 1 && config.IsURL(o.sql) {
		fmt.Fprintln(errs, "wye explain: a URL and no SQL")
		return o, false
	}
	return o, true
}

// runExplain is `wye explain`: where wye would send a statement, and why. The
// statement is not run; of the server only the catalog is read.
func runExplain(args []string, out, errs io.Writer) int {
	o, ok := parseExplain(args, errs)
	if !ok {
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	snapshot, err := o.prepare(ctx, errs)
	if err != nil {
		printError(errs, err)
		return exitFailed
	}
	fmt.Fprintln(out, o.explain(snapshot))
	return exitOK
}

// explain is the plan of one statement, in the words of EXPLAIN ROUTE.
func explain(snapshot *catalog.Snapshot, sql string, f router.Facts) string {
	reader := sqlparse.NewReader(explainMemory)
	defer reader.Close()
	r := router.New(reader.Read)
	r.Use(snapshot)
	text := []byte(sql)
	if rest, ok := sqlparse.ExplainRoute(text); ok {
		text = rest
	}
	return r.Route(reader.Read(text), f).String()
}

// prepare takes in what the configuration says, and loads the catalog. The
// snapshot is nil when there is no server to ask.
func (o *explainOptions) prepare(ctx context.Context, errs io.Writer) (*catalog.Snapshot, error) {
	if o.file != "" {
		if err := o.configure(errs); err != nil {
			return nil, err
		}
	}
	if o.url == "" {
		fmt.Fprintln(errs, "wye: no server to ask (say its URL): nothing is known of tables and functions, and no read that names any is proven")
		return nil, nil
	}
	results, err := query(ctx, o.url, catalog.Queries)
	if err != nil {
		return nil, err
	}
	return catalog.Build(cells(results))
}

// configure follows the configuration: its split section, and its servers
// where no URL was given.
func (o *explainOptions) configure(errs io.Writer) (err error) {
	cfg, ok := load(o.file, errs)
	if !ok {
		return fmt.Errorf("%s is wrong", name(o.file))
	}
	c := &cfg.Clusters[0] // a configuration without clusters is refused
	if o.cluster != "" {
		if c = cfg.Cluster(o.cluster); c == nil {
			return fmt.Errorf("no cluster %q in %s", o.cluster, name(o.file))
		}
	}
	if c.Sharded() {
		lead := *c
		lead.Nodes, lead.Shards = c.Shards[0].Nodes, nil
		o.places, _ = shards.New(c.ShardSpec()) // load has checked it
		o.gather = c.Gather.Enabled
		c = &lead
	}
	o.facts.ReadsPrimary = c.Split.Reads == config.ReadsPrimary || len(c.Nodes) < 2
	o.facts.Split = o.facts.Split || c.Split.Transactions
	if o.url == "" {
		o.url, err = serverOf(cfg, c)
	}
	return err
}

// cells are results as [catalog.Build] takes them: nil for NULL.
func cells(results []*pgconn.Result) [][][]*string {
	all := make([][][]*string, len(results))
	for i, r := range results {
		for _, row := range r.Rows {
			texts := make([]*string, len(row))
			for n, cell := range row {
				if cell != nil {
					text := string(cell)
					texts[n] = &text
				}
			}
			all[i] = append(all[i], texts)
		}
	}
	return all
}
