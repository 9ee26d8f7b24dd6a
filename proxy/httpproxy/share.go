package httpproxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync/atomic"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// share is a Share made ready.
type share struct {
	Share
	sticky *Sticky
	key    []byte
	own    string // the cookie's value for the pool
	places atomic.Pointer[places]
}

// places are the cookies' values for the servers that a pool has now.
type places struct {
	of      []*upstream.Upstream // as Upstreams returned them
	byToken map[string]*upstream.Upstream
	token   map[string]string // by address
}

// draw chooses among shares by weight; r is uniform in 64 bits.
func (ro *route) draw(r uint64) *share {
	if len(ro.shares) == 1 {
		return ro.shares[0]
	}
	n := int(r % uint64(ro.weight))
	for _, sh := range ro.shares {
		if n < sh.Weight {
			return sh
		}
		n -= sh.Weight
	}
	return ro.shares[0] // not reached: weights add up
}

// choose takes the place that the request's cookie says, or draws a pool.
func (v *visit) choose(r uint64) {
	ro := v.route
	if ro.Sticky != nil {
		for _, c := range v.in.CookiesNamed(ro.Sticky.Cookie) {
			for _, sh := range ro.shares {
				if up, ok := sh.holds(c.Value); ok {
					v.share, v.prefer, v.came = sh, up, c.Value
					return
				}
			}
		}
	}
	v.share = ro.draw(r)
}

// holds says whether a cookie's value is of this pool, and of which server.
func (sh *share) holds(token string) (*upstream.Upstream, bool) {
	if sh.sticky.Pool {
		return nil, token == sh.own
	}
	up := sh.now().byToken[token]
	return up, up != nil
}

// now are the places of the pool as it is.
func (sh *share) now() *places {
	ups := sh.Pool.Upstreams()
	if p := sh.places.Load(); p != nil && len(p.of) == len(ups) && (len(ups) == 0 || p.of[0] == ups[0]) {
		return p
	}
	p := &places{of: ups, byToken: make(map[string]*upstream.Upstream), token: make(map[string]string)}
	for _, up := range ups {
		t := mac(sh.key, sh.Pool.Name, up.Addr)
		p.byToken[t], p.token[up.Addr] = up, t
	}
	sh.places.Store(p)
	return p
}

// mac is what a cookie says of a place: whoever has not the key cannot tell
// what it means, nor make one.
func mac(key []byte, pool, addr string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(pool + "\x00" + addr))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:15])
}

// stick tells the client where it is, if its cookie says anything else.
func (v *visit) stick(res *http.Response) {
	st, up := v.route.Sticky, v.served.Load()
	if st == nil || up == nil {
		return
	}
	token := v.share.own
	if !st.Pool {
		token = v.share.now().token[up.Addr]
	}
	if token == v.came || token == "" {
		return
	}
	res.Header.Add("Set-Cookie", (&http.Cookie{
		Name: st.Cookie, Value: token, Path: "/", HttpOnly: true, Secure: v.secure(),
		SameSite: http.SameSiteLaxMode, MaxAge: int(st.MaxAge.Seconds()),
	}).String())
}
