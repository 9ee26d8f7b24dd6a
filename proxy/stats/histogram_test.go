package stats

import (
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	var h Histogram
	if q := h.Quantile(0.95); q != 0 {
		t.Errorf("of none: %v", q)
	}
	for range 90 {
		h.Observe(700 * time.Microsecond) // 0.5 to 1 ms
	}
	for range 10 {
		h.Observe(2 * time.Millisecond) // 1 to 2.5 ms
	}
	for q, want := range map[float64]time.Duration{0.45: 750 * time.Microsecond, 0.9: time.Millisecond, 0.95: 1750 * time.Microsecond, 1: 2500 * time.Microsecond} {
		if got := h.Quantile(q); got.Round(time.Microsecond) != want {
			t.Errorf("%v is %v, want %v", q, got, want)
		}
	}
	h.Observe(time.Hour)
	if got := h.Quantile(1); got != 10*time.Second {
		t.Errorf("above the last bound: %v", got)
	}
}
