package transcript

import (
	"testing"

	"github.com/wyeproxy/wye/internal/testpg"
)

// server boots the plain PostgreSQL that transcripts are played on.
func server(t *testing.T) Target {
	t.Helper()
	c := testpg.Start(t, testpg.Options{Name: "wire", HBA: []string{ReplicationHBA}})
	if err := Prepare(t.Context(), c.Primary.SuperuserURL("postgres")); err != nil {
		t.Fatal(err)
	}
	return Target{Addr: c.Primary.Addr()}
}
