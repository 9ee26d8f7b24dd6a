package merge

import (
	"errors"
	"math"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

func TestLimiter(t *testing.T) {
	const rows = 10
	for offset := int64(-1); offset <= rows+1; offset++ { // -1: none is given
		for limit := int64(-1); limit <= rows+1; limit++ {
			var l Limiter
			first, end := max(offset, 0), int64(rows)
			if offset >= 0 && l.Offset(offset) != nil {
				t.Fatal("offset refused")
			}
			if limit >= 0 {
				end = min(end, first+limit)
				if l.Limit(limit) != nil {
					t.Fatal("limit refused")
				}
			}
			for i := int64(0); i < rows; i++ {
				if got := l.Done(); got != (limit >= 0 && (limit == 0 || i >= first+limit)) {
					t.Errorf("offset %d limit %d: before row %d Done is %v", offset, limit, i, got)
				}
				if got := l.Take(); got != (i >= first && i < end) {
					t.Errorf("offset %d limit %d: Take of row %d is %v", offset, limit, i, got)
				}
			}
		}
	}
}

func TestLimiterRefuses(t *testing.T) {
	var l Limiter
	for code, err := range map[string]error{"2201W": l.Limit(-1), "2201X": l.Offset(math.MinInt64)} {
		var e *pgerror.Error
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("want %s, got %v", code, err)
		}
	}
	if l.Done() || !l.Take() {
		t.Error("a refused count was taken over")
	}
}
