package web

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard admits bearers of the token, or without a token only this machine:
// the views show client addresses and names, a profile shows memory.
func guard(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case token == "" && !local(r):
			http.Error(w, "only from this machine: no admin.http.token is set", http.StatusForbidden)
		case token != "" && !bears(r, token):
			w.Header()["WWW-Authenticate"] = []string{`Basic realm="wye"`, `Bearer realm="wye"`} // browsers know the first only
			http.Error(w, "needs the token of admin.http.token", http.StatusUnauthorized)
		default:
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			next.ServeHTTP(w, r)
		}
	})
}

func bears(r *http.Request, token string) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, given, ok = r.BasicAuth()
	}
	return ok && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

// local wants a loopback peer that also names this machine in Host: a web page
// whose name was made to point here (DNS rebinding) sends its own name.
func local(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}
