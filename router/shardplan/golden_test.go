package shardplan

import (
	"encoding/hex"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router/plan"
)

// TestGolden reads testdata/plan/shards/*.txt and unsupported/*.txt: a line
// "plan" with options, SQL, a line "----", and the plan as it prints.
func TestGolden(t *testing.T) {
	for _, dir := range []string{"shards", "unsupported"} {
		files, err := filepath.Glob(filepath.Join(plantest.Dir(), dir, "*.txt"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			t.Run(dir+"/"+filepath.Base(file), func(t *testing.T) { golden(t, file, dir == "unsupported") })
		}
	}
}

func golden(t *testing.T, file string, refused bool) {
	p := fixture(t)
	plantest.Golden(t, file, func(options, sql string) string {
		args, o, path := readOptions(t, options)
		made := p.Analyze(sql, path).Plan(args, o)
		got := describe(made)
		if _, no := made.(*plan.Reject); no != refused {
			t.Errorf("%s\n%s\n---- got\n%s", options, sql, got)
		}
		return got
	})
}

// describe prints a plan, with what String leaves out.
func describe(p plan.Plan) string {
	if d, ok := p.(*plan.Direct); ok {
		if d.AnyShard {
			return "any shard"
		}
		return "shard " + strconv.Itoa(d.Shard)
	}
	if r, ok := p.(*plan.Reject); ok && r.Err.Detail != "" {
		return r.String() + "\ndetail   " + r.Err.Detail
	}
	return p.String()
}

// typeOIDs are names of parameter types in options.
var typeOIDs = map[string]uint32{
	"int2": 21, "int4": 23, "int8": 20, "text": 25, "varchar": 1043, "bpchar": 1042, "numeric": 1700, "float8": 701, "uuid": 2950, "date": 1082,
	"timestamp": 1114, "timestamptz": 1184, "int8[]": 1016, "int4[]": 1007, "text[]": 1009,
}

// readOptions: $=value, $type=value, $null, $type:hex for binary, in order; and
// names of options.
func readOptions(t *testing.T, line string) (args []plan.Arg, o Options, path []string) {
	path = []string{"public"}
	for _, w := range strings.Fields(line)[1:] {
		name, value, _ := strings.Cut(w, "=")
		typ, bytes, binary := strings.Cut(strings.TrimPrefix(name, "$"), ":")
		switch {
		case w == "$null":
			args = append(args, plan.Arg{Null: true})
		case strings.HasPrefix(w, "$") && binary:
			b, err := hex.DecodeString(bytes)
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, plan.Arg{OID: typeOIDs[typ], Format: 1, Value: b})
		case strings.HasPrefix(w, "$"):
			args = append(args, plan.Arg{OID: typeOIDs[typ], Value: []byte(value)})
		case name == "gather":
			o.Gather = true
		case name == "tier":
			o.MaxTier = value[0]
		case name == "refuse-writes":
			o.RefuseWrites = true
		case name == "local-sequences":
			o.LocalSequences = true
		case name == "local-unique":
			o.LocalUnique = true
		case name == "local-triggers":
			o.LocalTriggers = true
		case name == "shard":
			o.Hint.HasShard = true
			o.Hint.Shard, _ = strconv.Atoi(value)
		case name == "key":
			o.Hint.HasKey, o.Hint.Key = true, value
		case name == "path":
			path = strings.Split(value, ",")
		default:
			t.Fatalf("unknown option %q", w)
		}
	}
	return args, o, path
}
