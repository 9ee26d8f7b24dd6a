package freshness

import "testing"

func TestTokenText(t *testing.T) {
	for _, c := range []struct {
		text string
		want Token
		ok   bool
	}{
		{"", Token{}, true}, {"1/0/3000148", Token{1, 0x3000148}, true}, {"12/16/B374D848", Token{12, 0x16B374D848}, true}, {"0/0/0", Token{}, true},
		{"1", Token{}, false}, {"0/3000148", Token{}, false}, {"/0/1", Token{}, false}, {"x/0/1", Token{}, false},
		{"-1/0/1", Token{}, false}, {"1/0/1/1", Token{}, false}, {"99999999999/0/1", Token{}, false},
	} {
		got, err := ParseToken(c.text)
		if (err == nil) != c.ok || got != c.want {
			t.Errorf("%q reads as %v, %v", c.text, got, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("1/0/3000148")
	f.Add("4294967295/FFFFFFFF/FFFFFFFF")
	f.Add("01/0/ff")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(text)
		if err != nil {
			return
		}
		if again, err := ParseToken(token.String()); err != nil || again != token {
			t.Errorf("%q reads as %v, which prints as %s, which reads as %v, %v", text, token, token, again, err)
		}
	})
}

func TestTokens(t *testing.T) {
	var c Clock
	const now = 1000
	if got := c.AsOf(Token{1, 5}, now); got != now {
		t.Errorf("before any sample: %d, want now", got)
	}
	c.Sampled(10, 2, 100)
	c.Sampled(20, 2, 200)
	c.Sampled(30, 2, 300)
	for _, w := range []struct {
		why   string
		token Token
		want  Instant
	}{
		{"nothing is asked for", Token{}, 0},
		{"nothing is asked for on a timeline", Token{2, 0}, 0},
		{"before the first sample", Token{2, 50}, 10},
		{"at a sample", Token{2, 200}, 20},
		{"between two", Token{2, 201}, 30},
		{"past the last", Token{2, 301}, now},
		{"what survived of an older timeline", Token{1, 9999}, 10},
		{"a promotion that was not heard of", Token{3, 50}, now},
	} {
		if got := c.AsOf(w.token, now); got != w.want {
			t.Errorf("%s: as of %d, want %d", w.why, got, w.want)
		}
	}
	for _, w := range []struct {
		at   Instant
		want Token
		ok   bool
	}{{0, Token{2, 0}, true}, {5, Token{2, 100}, true}, {20, Token{2, 200}, true}, {21, Token{2, 300}, true}, {31, Token{2, 0}, false}} {
		if got, ok := c.TokenOf(w.at); ok != w.ok || got != w.want {
			t.Errorf("of a write at %d: %v, %v, want %v", w.at, got, ok, w.want)
		}
	}
}
