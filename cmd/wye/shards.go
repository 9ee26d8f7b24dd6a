package main

import (
	"flag"
	"fmt"
	"io"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/shards"
)

const shardsUsage = `usage: wye shards CONFIG [--cluster NAME]
       wye shards plan CONFIG [--cluster NAME] --add SHARD [--weight N]
       wye shards plan CONFIG [--cluster NAME] --remove SHARD [--to SHARD]

The first prints the map of a sharded cluster: which shard has which slots, ranges and
values, the tables, and the map's version, which is equal wherever rows are placed alike.
The others print what would move if a shard joined or left. Nothing is moved, and no
server is asked.
`

// shardsOptions are the flags and arguments of `wye shards`.
type shardsOptions struct {
	file, cluster string
	plan          bool
	add, remove   string
	heir          string
	weight        int
}

func parseShards(args []string, errs io.Writer) (o shardsOptions, ok bool) {
	f := flag.NewFlagSet("wye shards", flag.ContinueOnError)
	f.SetOutput(errs)
	f.Usage = func() {
		fmt.Fprint(errs, shardsUsage)
		f.PrintDefaults()
	}
	f.StringVar(&o.cluster, "cluster", "", "`NAME` of the cluster (default: the first that has shards)")
	f.StringVar(&o.add, "add", "", "plan that the shard `SHARD` joins, at the end of the list")
	f.IntVar(&o.weight, "weight", 1, "its weight, `N`")
	f.StringVar(&o.remove, "remove", "", "plan that the shard `SHARD` leaves")
	f.StringVar(&o.heir, "to", "", "`SHARD` that gets its ranges, lists and single tables")
	words, ok := flagsAnywhere(f, args)
	if !ok {
		return o, false
	}
	if len(words) > 0 && words[0] == "plan" {
		o.plan, words = true, words[1:]
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case len(words) != 1,
		o.plan && (o.add == "") == (o.remove == ""),
		!o.plan && (given["add"] || given["remove"]),
		given["weight"] && o.add == "", given["to"] && o.remove == "":
		f.Usage()
		return o, false
	}
	o.file = words[0]
	return o, true
}

// flagsAnywhere parses flags that stand before, between and after the words.
func flagsAnywhere(f *flag.FlagSet, args []string) (words []string, ok bool) {
	for {
		if f.Parse(args) != nil {
			return nil, false
		}
		if f.NArg() == 0 {
			return words, true
		}
		words, args = append(words, f.Arg(0)), f.Args()[1:]
	}
}

// runShards is `wye shards`: the shard map, and what a change of it would move.
func runShards(args []string, out, errs io.Writer) int {
	o, ok := parseShards(args, errs)
	if !ok {
		return exitUsage
	}
	cfg, ok := load(o.file, errs)
	if !ok {
		return exitFailed
	}
	c, err := shardedCluster(cfg, o)
	if err != nil {
		printError(errs, err)
		return exitFailed
	}
	m, problems := shards.New(c.ShardSpec())
	if m == nil { // config.Load has found them already
		printProblems(errs, problems)
		return exitFailed
	}
	if !o.plan {
		printShards(out, c, m)
		return exitOK
	}
	return o.printPlanned(out, errs, c, m)
}

func (o *shardsOptions) printPlanned(out, errs io.Writer, c *config.Cluster, m *shards.Map) int {
	next, problems := o.change(c.ShardSpec())
	if problems == nil {
		var then *shards.Map
		if then, problems = shards.New(next); then != nil {
			printPlan(out, c, o, m, then)
			printPlacements(out, c, next)
			return exitOK
		}
	}
	printProblems(errs, problems)
	if o.remove != "" && o.heir == "" {
		fmt.Fprintln(errs, "wye: --to SHARD gives what is placed by name to another shard")
	}
	return exitFailed
}

func shardedCluster(cfg *config.Config, o shardsOptions) (*config.Cluster, error) {
	if o.cluster != "" {
		c := cfg.Cluster(o.cluster)
		switch {
		case c == nil:
			return nil, fmt.Errorf("no cluster %q in %s", o.cluster, name(o.file))
		case !c.Sharded():
			return nil, fmt.Errorf("the cluster %s has no shards", c.Name)
		}
		return c, nil
	}
	for i := range cfg.Clusters {
		if c := &cfg.Clusters[i]; c.Sharded() {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no cluster in %s has shards", name(o.file))
}

func (o *shardsOptions) change(spec shards.Spec) (shards.Spec, []shards.Problem) {
	if o.add != "" {
		if o.weight < 1 || o.weight > shards.MaxWeight {
			return spec, []shards.Problem{{Path: "--weight", Message: fmt.Sprintf("%d is out of range; it must be between 1 and %d", o.weight, shards.MaxWeight)}}
		}
		return shards.Add(spec, shards.Shard{Name: o.add, Weight: o.weight})
	}
	return shards.Remove(spec, o.remove, o.heir)
}

func printProblems(errs io.Writer, problems []shards.Problem) {
	for _, p := range problems {
		fmt.Fprintln(errs, "wye:", p)
	}
}
