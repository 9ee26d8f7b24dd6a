package shards

import "testing"

func TestSet(t *testing.T) {
	s := One(0) | One(3) | One(63)
	var seen []int
	for i := range s.Each {
		seen = append(seen, i)
	}
	if s.String() != "0,3,63" || s.Len() != 3 || s.First() != 0 || !s.Has(3) || s.Has(4) || len(seen) != 3 || seen[2] != 63 {
		t.Errorf("%s has %d, %v", s, s.Len(), seen)
	}
	if All(2).String() != "0,1" || All(64).Len() != 64 || All(0) != 0 || Set(0).String() != "none" {
		t.Error(All(2), All(64).Len(), Set(0))
	}
}
