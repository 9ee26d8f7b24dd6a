//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"
)

// quantile is the value below which q of the ascending values lie; 0 of none.
func quantile[T cmp.Ordered](ascending []T, q float64) (v T) {
	if len(ascending) == 0 {
		return v
	}
	return ascending[int(q*float64(len(ascending)-1)+0.5)]
}

// spread is what repetitions agree on.
type spread struct {
	median, least, most float64
	n                   int
}

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	v := slices.Sorted(slices.Values(values))
	mid := len(v) / 2
	median := v[mid]
	if len(v)%2 == 0 {
		median = (v[mid-1] + v[mid]) / 2
	}
	return spread{median: median, least: v[0], most: v[len(v)-1], n: len(v)}
}

// String is "1.02 (0.97-1.10)", without the range when there is but one value.
func (s spread) String() string {
	switch s.n {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%.2f", s.median)
	default:
		return fmt.Sprintf("%.2f (%.2f-%.2f)", s.median, s.least, s.most)
	}
}

// format is the median in that format.
func (s spread) format(f string) string {
	if s.n == 0 {
		return "-"
	}
	return fmt.Sprintf(f, s.median)
}

// ratios divides figure by figure within each repetition that both have.
func ratios(of, to []sample, figure func(sample) float64) spread {
	var v []float64
	for _, a := range of {
		for _, b := range to {
			if a.Rep == b.Rep && a.good() && b.good() && figure(b) > 0 {
				v = append(v, figure(a)/figure(b))
			}
		}
	}
	return spreadOf(v)
}

// extras subtracts CPU per query within each repetition that both have.
func extras(of, to []sample) spread {
	var v []float64
	for _, a := range of {
		for _, b := range to {
			if a.Rep == b.Rep && a.good() && b.good() {
				v = append(v, a.CPU-b.CPU)
			}
		}
	}
	return spreadOf(v)
}

// figures collects one figure of the good repetitions.
func figures(of []sample, figure func(sample) float64) spread {
	var v []float64
	for _, s := range of {
		if s.good() {
			v = append(v, figure(s))
		}
	}
	return spreadOf(v)
}
