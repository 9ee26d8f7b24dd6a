package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router"
)

// runWye runs a command in this process.
func runWye(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = dispatch(args, &o, &e)
	return code, o.String(), e.String()
}

// goldenFacts reads the options of a case of testdata/plan.
func goldenFacts(t *testing.T, words []string) (f router.Facts) {
	t.Helper()
	flags := map[string]*bool{
		"reads-primary": &f.ReadsPrimary, "in-tx": &f.InTx, "started": &f.Started, "on-replica": &f.OnReplica, "read-only-tx": &f.ReadOnlyTx,
		"serializable": &f.Serializable, "split": &f.Split, "default-read-only": &f.DefaultReadOnly, "pinned": &f.Pinned, "temp": &f.TempObjects,
	}
	for _, w := range words {
		switch name, value, _ := strings.Cut(w, "="); {
		case flags[name] != nil:
			*flags[name] = true
		case name == "role":
			f.Role = value
		case w == "route=primary":
			f.Route = router.RoutePrimary
		case w == "route=replica":
			f.Route = router.RouteReplica
		default:
			t.Fatalf("unknown option %q", w)
		}
	}
	return f
}

// TestExplainAgrees: `wye explain` says what the golden plans say. Where the
// command has flags for the facts of a case, they come from its own parser.
func TestExplainAgrees(t *testing.T) {
	snapshot := exampleSnapshot(t)
	cases, err := plantest.Cases()
	if err != nil {
		t.Fatal(err)
	}
	routes, flagged := 0, 0
	for _, c := range cases {
		words := strings.Fields(c.Options)
		if words[0] != "route" {
			continue
		}
		routes++
		facts := goldenFacts(t, words[1:])
		if args, ok := explainFlags(words[1:]); ok {
			flagged++
			o, ok := parseExplain(append(args, c.SQL), t.Output())
			if !ok || o.facts != facts || o.sql != c.SQL || o.url != "" {
				t.Errorf("%q gives %+v, want %+v", args, o, facts)
			}
		}
		if got := explain(snapshot, c.SQL, facts); got != c.Want {
			t.Errorf("%s: %s\n%s\n---- got\n%s\n---- want\n%s", c.File, c.Options, c.SQL, got, c.Want)
		}
	}
	t.Logf("%d plans, %d of them by flags", routes, flagged)
	if routes < 80 || flagged < 30 {
		t.Errorf("%d plans, %d of them by flags: too few to mean anything", routes, flagged)
	}
}

// explainFlags are a case's options as flags, if there are flags for all.
func explainFlags(words []string) (args []string, ok bool) {
	flags := map[string]string{"in-tx": "--in-transaction", "split": "--split", "default-read-only": "--read-only"}
	for _, w := range words {
		role, isRole := strings.CutPrefix(w, "role=")
		switch {
		case isRole:
			args = append(args, "--role="+role)
		case flags[w] != "":
			args = append(args, flags[w])
		default:
			return nil, false
		}
	}
	return args, true
}

func TestExplainAsks(t *testing.T) {
	c := shared(t)
	superuser(t, c, `create schema explained;
		create table explained.kept (id int);
		create function explained.counts() returns int language sql volatile as 'select 1';
		create view explained.counted as select explained.counts() from explained.kept`)
	t.Cleanup(func() { superuser(t, c, "drop schema explained cascade") })
	_, addr := startProxy(t, c, wyeConfig(""))
	direct, through := c.Primary.URL("app", c.Database), "postgres://app:app@"+addr+"/app?sslmode=disable"
	file := filepath.Join(t.TempDir(), "wye.yaml")
	two := `clusters: {app: {nodes: ["` + c.Primary.Addr() + `", "127.0.0.1:1"], database: "` + c.Database + `", backend: {tls: {mode: disable}}, split: {transactions: true}}}
users: [{name: app, password: app}]`
	if err := os.WriteFile(file, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	const read = "select * from explained.kept"
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{direct, read}, "replica  reads only: tables kept"},
		{[]string{through, read}, "replica  reads only: tables kept"},
		{[]string{direct, "explain route " + read}, "replica  reads only: tables kept"},
		{[]string{direct, "select explained.counts()"}, "primary  function counts is volatile"},
		{[]string{through, "select * from explained.counted"}, "primary  view counted: function counts is volatile"},
		{[]string{direct, read + " for share"}, "primary  FOR SHARE"},
		{[]string{"--in-transaction", direct, read}, "primary  the transaction may write"},
		{[]string{"--in-transaction", "--read-only", direct, read}, "replica  the transaction is read only"},
		{[]string{"--in-transaction", "--split", direct, read}, "replica  reads only, before the transaction's first write"},
		{[]string{"--role", "primary", direct, read}, "primary  wye.role is primary"},
		{[]string{"--role", "replca", direct, read}, "reject   22023 invalid value for parameter \"wye.role\": \"replca\"\nhint     Available values: auto, primary, replica."},
		{[]string{"--config", file, read}, "replica  reads only: tables kept"},
		{[]string{"--config", file, "--cluster", "app", "--in-transaction", read}, "replica  reads only, before the transaction's first write"},
		{[]string{"--config", direct, direct, read}, "primary  reads go to the primary here"},
	} {
		code, out, errs := runWye(append([]string{"explain"}, tc.args...)...)
		if code != exitOK || strings.TrimSuffix(out, "\n") != tc.want {
			t.Errorf("%q: %d\n%s%s\nwant %s", tc.args, code, out, errs, tc.want)
		}
	}
	// Without a server, it says what that means.
	code, out, errs := runWye("explain", read)
	if code != exitOK || out != "primary  relation explained.kept is not known\n" || !strings.Contains(errs, "no server to ask") {
		t.Errorf("%d %q %q", code, out, errs)
	}
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "usage: wye explain"},
		{[]string{direct}, exitUsage, "a URL and no SQL"},
		{[]string{direct, read, read}, exitUsage, "usage: wye explain"},
		{[]string{"--bogus", read}, exitUsage, "-bogus"},
		{[]string{strings.Replace(direct, "app:app", "app:wrong", 1), read}, exitFailed, "28P01"},
		{[]string{"postgres://127.0.0.1:1/x", read}, exitFailed, "wye: "},
		{[]string{"--config", file, "--cluster", "nosuch", read}, exitFailed, `no cluster "nosuch"`},
		{[]string{"--config", file + "x", read}, exitFailed, "cannot be read"},
	} {
		code, out, errs := runWye(append([]string{"explain"}, tc.args...)...)
		if code != tc.code || out != "" || !strings.Contains(errs, tc.want) {
			t.Errorf("%q: %d %q\n%s\nwant %d with %s", tc.args, code, out, errs, tc.code, tc.want)
		}
	}
}
