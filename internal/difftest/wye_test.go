package difftest

import "testing"

// TestSetup: the configuration is one that wye accepts, for each layout.
func TestSetup(t *testing.T) {
	for _, l := range []Layout{{1, false}, {1, true}, {2, false}, {2, true}, {4, false}, {4, true}} {
		u := l.setup()
		for i := range l.Shards {
			u.Servers = append(u.Servers, "127.0.0.1:"+string(rune('1'+i)))
		}
		cfg, err := u.config()
		if err != nil {
			t.Errorf("%s: %v", l, err)
			continue
		}
		if got := len(cfg.Clusters[0].Shards); got != l.Shards {
			t.Errorf("%s: %d shards", l, got)
		}
	}
}
