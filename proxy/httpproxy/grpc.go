package httpproxy

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// isGRPC says whether a message is gRPC's (its protocol over HTTP/2, Responses):
// grpc-web, which begins alike, has its status in the body.
func isGRPC(h http.Header) bool {
	rest, ok := strings.CutPrefix(h.Get("Content-Type"), "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// endUnavailable gives a gRPC answer whose server broke off the status that the
// server's own client would have made of it: UNAVAILABLE (14), upon which
// clients try again. A reset stream would be INTERNAL to them.
func endUnavailable(res *http.Response) {
	if res.Trailer == nil {
		res.Trailer = make(http.Header)
	}
	res.Trailer.Set("Grpc-Status", "14")
	res.Trailer.Set("Grpc-Message", "the server broke off")
}

// refuseGRPC answers a call so that its client understands (its protocol over
// HTTP/2, Trailers-Only). The books have the HTTP status.
func (a *answer) refuseGRPC(r *http.Request, f refusal) {
	code := grpcCode(f.status)
	if limit, ok := grpcTimeout(r.Header.Get("Grpc-Timeout")); ok && code == unavailable && time.Since(a.began) >= limit {
		code = deadlineExceeded // its server knew first, and hung up
	}
	h := a.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", strconv.Itoa(code))
	h.Set("Grpc-Message", f.why)
	a.status = f.status
	a.ResponseWriter.WriteHeader(http.StatusOK)
}

// The codes of gRPC that refusals have.
const (
	deadlineExceeded  = 4
	permissionDenied  = 7
	resourceExhausted = 8
	unimplemented     = 12
	internalError     = 13
	unavailable       = 14
	unauthenticated   = 16
)

// grpcCode is what gRPC's clients make of an HTTP status (its HTTP to gRPC
// Status Code Mapping), but for a body too large, which they have a code for.
func grpcCode(status int) int {
	switch status {
	case 400:
		return internalError
	case 401:
		return unauthenticated
	case 403:
		return permissionDenied
	case 404, 405:
		return unimplemented
	case 413:
		return resourceExhausted
	}
	return unavailable
}

// grpcTimeout reads how long a call may take: up to eight digits and a unit.
func grpcTimeout(text string) (time.Duration, bool) {
	units := map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond}
	if len(text) < 2 || len(text) > 9 {
		return 0, false
	}
	unit, ok := units[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	return time.Duration(n) * unit, ok && err == nil
}
