package drill

import (
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

var sample = []Script{
	{"SELECT 1"},
	{"SELECT count(*) FROM t -- with a comment of its own"},
	{"INSERT INTO t VALUES (1)"},
	{"SELECT nextval('s')"},
	{"BEGIN", "INSERT INTO t VALUES (2)", "COMMIT"},
	{"COPY t FROM STDIN"},
	{"COPY t TO STDOUT"},
	{"SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1"},
	{"SELEC"},
}

// TestCorpusFindsWhereStatementsWent sends the same straight to the primary and
// to a replica: hits are none and all.
func TestCorpusFindsWhereStatementsWent(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Replicas: 1})
	ctx := within(t, time.Minute)
	must(t, c.Primary.Exec(ctx, "CREATE TABLE t (id int); CREATE SEQUENCE s; GRANT ALL ON t, s TO public"))
	must(t, c.Replicas[0].WaitCaughtUp(ctx, c.Primary))
	for _, extended := range []bool{false, true} {
		corpus := Corpus{Scripts: sample, Extended: extended, Primary: c.Primary, Replicas: c.Replicas}
		corpus.URL = straight(c.Primary)
		r, err := corpus.Run(ctx)
		must(t, err)
		t.Log(r)
		if n := len(r.OnReplicas()); n != 0 || len(r.With(ReadOnly)) != 0 {
			t.Errorf("on the primary: %v", r.OnReplicas())
		}
		if r.Failed["42601"] != 1 || r.Failed["57P01"] != 1 || r.Failed[NoWord] != 1 || r.Failed.Total() != 3 {
			t.Errorf("on the primary: failed %v", r.Failed)
		}
		corpus.URL = straight(c.Replicas[0])
		r, err = corpus.Run(ctx)
		must(t, err)
		t.Log(r)
		// The statement after the session's end reached nobody.
		if len(r.OnReplicas()) != len(r.Statements)-1 || len(r.Nowhere()) != 1 {
			t.Errorf("on the replica, nowhere: %v", r.Nowhere())
		}
		if n := len(r.With(ReadOnly)); n < 3 {
			t.Errorf("%d statements were refused as writes: %v", n, r.Failed)
		}
		if r.Share() < 0.9 {
			t.Errorf("share is %v", r.Share())
		}
	}
}

func TestLoggingIsAsItWasAfterACorpus(t *testing.T) {
	c := testpg.Start(t, testpg.Options{})
	ctx := within(t, time.Minute)
	_, err := Corpus{URL: straight(c.Primary), Primary: c.Primary, Scripts: []Script{{"SELECT 1"}}}.Run(ctx)
	must(t, err)
	must(t, waitFor(ctx, "logging to end", func() bool {
		v, err := c.Primary.Value(ctx, "SHOW log_statement")
		return err == nil && v == "none"
	}))
}
