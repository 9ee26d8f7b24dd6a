package httpproxy

import (
	"net/http"
	"strings"
)

// isGRPC says whether an answer is gRPC's (its protocol over HTTP/2, Responses):
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
