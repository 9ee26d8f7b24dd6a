package auth

import (
	"math/rand"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// Short texts never reach norm's limit on marks, so both must agree.
func TestNFKCAgreesWithNorm(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	pools := [][2]rune{{'A', 'z'}, {0xC0, 0x24F}, {0x300, 0x36F}, {0x1100, 0x11FF}, {0xAC00, 0xD7A3},
		{0x900, 0xDFF}, {0xF900, 0xFAFF}, {0xFB00, 0xFDFF}, {0x3300, 0x33FF}, {0x1D400, 0x1D7FF}, {0x1E00, 0x1FFF}}
	for range 20000 {
		text := make([]rune, 1+r.Intn(6))
		for i := range text {
			p := pools[r.Intn(len(pools))]
			text[i] = p[0] + r.Int31n(p[1]-p[0]+1)
		}
		want := norm.NFKC.String(string(text))
		if got := nfkc(text); got != want {
			t.Fatalf("%U becomes %U, norm says %U", text, []rune(got), []rune(want))
		}
	}
}
