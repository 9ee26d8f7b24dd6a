package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/internal/transcript"
)

const transcriptConfig = `
users:
  - {name: wire, password: wire-secret}
  - {name: wire_root, password: wire-secret}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
clusters:
  wire: {nodes: ["{server}"], backend: {tls: {mode: disable}}, pool: {size: 4}}
`

// TestTranscripts plays the conversations of testdata/wire through wye in
// transaction mode. internal/transcript plays the same files straight to
// PostgreSQL: both must give the answers in the files.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	c := testpg.Start(t, testpg.Options{Name: "wire", HBA: []string{transcript.ReplicationHBA}})
	if err := transcript.Prepare(context.Background(), c.Primary.SuperuserURL("postgres")); err != nil {
		t.Fatal(err)
	}
	_, addr := startProxy(t, c, transcriptConfig)
	files, err := filepath.Glob("../../testdata/wire/*.txt")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d transcripts found (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			transcript.Check(t, file, transcript.Target{Addr: addr, Setup: c.Primary.Addr(), Wye: true})
		})
	}
}
