package canceltest

import (
	"flag"
	"testing"

	"github.com/wyeproxy/wye/internal/testpg"
)

var cancels = flag.Int("canceltest.cancels", 1000, "cancels fired at a plain PostgreSQL")

// PostgreSQL itself hits nobody else; if it seems to, the watching is at fault.
func TestPostgreSQL(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Name: "cancel"})
	r, err := Run(t.Context(), Options{URL: c.Primary.URL("app", "app"), Cancels: *cancels, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	for _, e := range r.Examples {
		t.Error(e)
	}
	if r.Bad() > 0 || r.Cancels < *cancels*8/10 || r.Hits < *cancels/20 || r.WrongKeys == 0 {
		t.Errorf("got %v", r)
	}
}

// A cancel that hits a bystander is seen.
func TestHitBystandersAreSeen(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Name: "cancel"})
	r, err := Run(t.Context(), Options{URL: c.Primary.URL("app", "app"), Cancels: 1000, Seed: 2, sabotage: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Wrong == 0 || len(r.Examples) == 0 {
		t.Errorf("got %v", r)
	}
}
