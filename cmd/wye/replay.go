package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/shardplan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// explain is where one statement would go: on a sharded cluster which shards
// it concerns first.
func (o *explainOptions) explain(snapshot *catalog.Snapshot) string {
	if o.places == nil || snapshot == nil {
		return explain(snapshot, o.sql, o.facts)
	}
	text := []byte(o.sql)
	if rest, ok := sqlparse.ExplainRoute(text); ok {
		text = rest
	}
	p := o.shardPlan(shardplan.New(snapshot, o.places), snapshot, string(text))
	d, ok := p.(*plan.Direct)
	if !ok {
		return p.String()
	}
	line := "shard    " + o.places.Shards()[d.Shard]
	if d.AnyShard {
		line = "shard    any"
	}
	return line + "\n" + explain(snapshot, o.sql, o.facts)
}

// shardPlan plans as a session would that has set nothing.
func (o *explainOptions) shardPlan(p *shardplan.Planner, snapshot *catalog.Snapshot, sql string) plan.Plan {
	reader := sqlparse.NewReader(explainMemory)
	defer reader.Close()
	r := router.New(reader.Read)
	r.Use(snapshot)
	options := shardplan.Options{Gather: o.gather}
	if r.Verdict(reader.Read([]byte(sql))).ReadOnly {
		options.Role = plan.Replica
	}
	return p.Analyze(sql, []string{"public"}).Plan(nil, options)
}

// runReplay is `wye replay`: how the statements of a file, one per line or
// each up to a semicolon at the end of a line, would be spread.
func runReplay(args []string, out, errs io.Writer) int {
	o := explainOptions{}
	f := flag.NewFlagSet("wye replay", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&o.file, "config", "", "configuration `FILE` with the shard map")
	f.StringVar(&o.cluster, "cluster", "", "`NAME` of the cluster in it (default: the first)")
	if f.Parse(args) != nil {
		return exitUsage
	}
	if f.NArg() == 2 && config.IsURL(f.Arg(0)) {
		o.url = f.Arg(0)
	}
	if o.file == "" || f.NArg() == 0 || f.NArg() > 2 || f.NArg() == 2 && o.url == "" {
		fmt.Fprintln(errs, "usage: wye replay --config FILE [--cluster NAME] [URL] FILE")
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	snapshot, err := o.prepare(ctx, errs)
	if err == nil && (o.places == nil || snapshot == nil) {
		err = fmt.Errorf("the cluster is not sharded, or has no server to ask for its tables")
	}
	var file *os.File
	if err == nil {
		file, err = os.Open(f.Arg(f.NArg() - 1))
	}
	if err != nil {
		printError(errs, err)
		return exitFailed
	}
	defer file.Close()
	report, err := o.replay(file, snapshot)
	if err != nil {
		printError(errs, err)
		return exitFailed
	}
	fmt.Fprint(out, report)
	return exitOK
}

// replay plans each statement and counts what becomes of them.
func (o *explainOptions) replay(r io.Reader, snapshot *catalog.Snapshot) (string, error) {
	planner := shardplan.New(snapshot, o.places)
	counts, reasons, all := map[string]int{}, map[string]int{}, 0
	err := statements(r, func(sql string) {
		all++
		switch p := o.shardPlan(planner, snapshot, sql).(type) {
		case *plan.Direct:
			counts["one shard"]++
		case *plan.Scatter:
			counts["several shards, tier "+p.Tier()]++
		case *plan.CopyOut:
			tier := "A"
			if p.From != nil {
				tier = p.From.Tier()
			}
			counts["several shards, tier "+tier]++
		case *plan.Reject:
			counts["refused"]++
			reasons[p.Err.Message]++
		default:
			counts["written on several shards"]++
		}
	})
	if err != nil || all == 0 {
		return "no statements\n", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d statements\n", all)
	list(&b, counts, all)
	if len(reasons) > 0 {
		b.WriteString("refused because\n")
		list(&b, reasons, all)
	}
	return b.String(), nil
}

// list prints counts, the largest first.
func list(b *strings.Builder, counts map[string]int, all int) {
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(x, y string) int {
		if d := counts[y] - counts[x]; d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	for _, name := range names {
		fmt.Fprintf(b, "%7d %5.1f %%  %s\n", counts[name], 100*float64(counts[name])/float64(all), name)
	}
}

// maxReplayed bounds one statement of a file, in bytes.
const maxReplayed = 1 << 20

// statements calls each with every statement: what ends at a semicolon at the
// end of a line. Comments on lines of their own are left out.
func statements(r io.Reader, each func(sql string)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxReplayed)
	var b strings.Builder
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "--") && b.Len() == 0 {
			continue
		}
		b.WriteString(line + "\n")
		if strings.HasSuffix(line, ";") || b.Len() > maxReplayed {
			each(strings.TrimSuffix(strings.TrimSpace(b.String()), ";"))
			b.Reset()
		}
	}
	if rest := strings.TrimSpace(b.String()); rest != "" {
		each(rest)
	}
	return lines.Err()
}
