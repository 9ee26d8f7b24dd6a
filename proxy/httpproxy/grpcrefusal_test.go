package httpproxy

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestGRPCRefusals(t *testing.T) {
	for _, c := range []struct {
		status  int
		timeout string
		ago     time.Duration
		want    string
	}{
		{404, "", 0, "12"},
		{429, "", 0, "14"},
		{413, "", 0, "8"},
		{400, "", 0, "13"},
		{502, "1S", 0, "14"},
		{502, "1S", 2 * time.Second, "4"},
		{504, "99999999u", time.Hour, "4"},
		{502, "1H", 2 * time.Second, "14"},
		{502, "1", time.Hour, "14"},        // no unit
		{502, "-1S", time.Hour, "14"},      // no number
		{502, "1s", time.Hour, "14"},       // no such unit
		{404, "1S", 2 * time.Second, "12"}, // not for want of time
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/a.B/C", nil)
		r.ProtoMajor = 2
		r.Header.Set("Content-Type", "application/grpc+proto")
		r.Header.Set("Grpc-Timeout", c.timeout)
		a := &answer{ResponseWriter: w, began: time.Now().Add(-c.ago)}
		a.refuse(r, refusal{c.status, "why"})
		h := w.Header()
		if w.Code != 200 || a.status != c.status || h.Get("Grpc-Status") != c.want || h.Get("Grpc-Message") != "why" || h.Get("Content-Type") != "application/grpc" {
			t.Errorf("%d, timeout %q %v ago: %d %v, want status %s", c.status, c.timeout, c.ago, w.Code, h, c.want)
		}
	}
}
