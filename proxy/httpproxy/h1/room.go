package h1

import "net/http"

// Room is memory for an answer, of a caller that has many. What Carry returns is
// in it, until the next Carry with it: by then the answer's body has to be closed,
// and nobody may have the answer any more. The zero value is ready.
//
// The values in Header are never memory of the Room: who has the map may still be
// writing trailers of it when the Room has another answer.
type Room struct {
	// Header is where the fields of the answer go, in place of what was there; when
	// there is an error, it may have some of them. nil: a map is made.
	Header http.Header

	answer http.Response
	body   body
}

// fields is the map for those of a head with that status, or nil: heads before
// the final one have their own.
func (r *Room) fields(status int) http.Header {
	if r == nil || status < 200 && status != http.StatusSwitchingProtocols {
		return nil
	}
	clear(r.Header)
	return r.Header
}
