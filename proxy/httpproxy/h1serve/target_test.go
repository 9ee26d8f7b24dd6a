package h1serve

import (
	"net/url"
	"testing"
)

// TestPlainTargets: what is read past net/url is what net/url makes of it.
func TestPlainTargets(t *testing.T) {
	targets := []string{"/", "//", "///a", "/?", "/a?", "/a??", "/a?b?", "/a?b=c&d", "*", "", "?", "/a#b", "/a?b#c", "/a//b?c", "/a/../b", "a/b", "http://h/a?b", "/a%2fb", "/é"}
	for b := range 256 {
		c := string([]byte{byte(b)})
		targets = append(targets, c, "/"+c, "/a"+c+"b", "/a?"+c, "/a?b"+c+"c")
	}
	plain := 0
	for _, target := range targets {
		var u url.URL
		if !plainTarget(&u, target) {
			continue
		}
		plain++
		if want, err := url.ParseRequestURI(target); err != nil || *want != u {
			t.Errorf("%q: %+v, net/url has %+v, %v", target, u, want, err)
		}
	}
	if plain < 300 {
		t.Errorf("%d targets of %d are plain", plain, len(targets))
	}
}
