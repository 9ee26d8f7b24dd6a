package proxyheader

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// The headers of HAProxy's own documentation and of its send-proxy, and what
// is wrong with others.
func TestParse(t *testing.T) {
	v2 := "\r\n\r\n\x00\r\nQUIT\n"
	cases := []struct{ in, want string }{
		{"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET /", "192.168.0.1:56324 192.168.0.11:443 +47"},
		{"PROXY TCP6 fd00::1 ::1 1 65535\r\n", "[fd00::1]:1 [::1]:65535 +32"},
		{"PROXY UNKNOWN\r\nx", "- +15"},
		{"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "- +59"},
		{"PROXY TCP4 ::1 ::1 1 2\r\n", "the PROXY header is broken"},
		{"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "the PROXY header is broken"},
		{"PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", "the PROXY header is broken"},
		{"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", "the PROXY header is broken"},
		{"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", "the PROXY header is broken"},
		{"PROXY TCP4 1.2.3.4 1.2.3.4 1 2", ErrShort.Error()},
		{"PROXY TCP4 " + strings.Repeat("1", 200), "the PROXY header is too long"},
		{"", ErrShort.Error()},
		{"PRO", ErrShort.Error()},
		{"GET / HTTP/1.1\r\n", "there is no PROXY header"},
		{"\r\nGET", "there is no PROXY header"},
		{v2[:7], ErrShort.Error()},
		{v2 + "\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbb!", "1.2.3.4:80 5.6.7.8:443 +28"},
		{v2 + "\x21\x11\x00\x0f\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbb\x04\x00\x00!", "1.2.3.4:80 5.6.7.8:443 +31"},
		{v2 + "\x21\x11\x00\x0b\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbb!", "the PROXY header is broken"},
		{v2 + "\x20\x00\x00\x00", "- +16"},
		{v2 + "\x21\x31\x00\x02ab", "- +18"},
		{v2 + "\x31\x11\x00\x00", "the PROXY header is broken"},
		{v2 + "\x22\x11\x00\x00", "the PROXY header is broken"},
		{v2 + "\x21\x11\xff\xff", "the PROXY header is too long"},
	}
	for _, c := range cases {
		h, n, err := Parse([]byte(c.in))
		if got := printed(h, n, err); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func printed(h Header, n int, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case !h.Source.IsValid():
		return "- +" + itoa(n)
	}
	return h.Source.String() + " " + h.Target.String() + " +" + itoa(n)
}

func itoa(n int) string { return string(appendPort(nil, uint16(n))) }

func TestRoundTrip(t *testing.T) {
	ap := netip.MustParseAddrPort
	for _, pair := range [][2]netip.AddrPort{
		{ap("1.2.3.4:5"), ap("6.7.8.9:10000")},
		{ap("[fd00::1]:0"), ap("[fd00::2]:65535")},
		{ap("[::ffff:1.2.3.4]:5"), ap("6.7.8.9:10")},
		{ap("1.2.3.4:5"), ap("[fd00::2]:6")},
		{},
	} {
		for _, form := range []func([]byte, netip.AddrPort, netip.AddrPort) []byte{AppendV1, AppendV2} {
			b := form(nil, pair[0], pair[1])
			h, n, err := Parse(append(b, "rest"...))
			same := h.Source.Port() == pair[0].Port() && h.Target.Port() == pair[1].Port() &&
				h.Source.Addr().Unmap() == pair[0].Addr().Unmap() && h.Target.Addr().Unmap() == pair[1].Addr().Unmap()
			if err != nil || n != len(b) || !same {
				t.Errorf("%v: wrote %q, read %v %d %v", pair, b, h, n, err)
			}
		}
	}
}

// FuzzParse: no bytes make Parse panic, take more than there is, or change its
// mind about a header when more bytes arrive.
func FuzzParse(f *testing.F) {
	ap := netip.MustParseAddrPort
	for _, b := range [][]byte{
		AppendV1(nil, ap("1.2.3.4:5"), ap("6.7.8.9:10")), AppendV2(nil, ap("1.2.3.4:5"), ap("6.7.8.9:10")),
		AppendV1(nil, ap("[fd00::1]:5"), ap("[fd00::2]:6")), AppendV2(nil, ap("[fd00::1]:5"), ap("[fd00::2]:6")),
		AppendV1(nil, netip.AddrPort{}, netip.AddrPort{}), AppendV2(nil, netip.AddrPort{}, netip.AddrPort{}),
		[]byte("GET /"), []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff"),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := Parse(b)
		if n > len(b) || n > MaxLen || err == nil && n == 0 || err != nil && n != 0 {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
		if errors.Is(err, ErrShort) && len(b) >= MaxLen {
			t.Fatal("asks for more than MaxLen")
		}
		again, m, err2 := Parse(append(b[:len(b):len(b)], 'x'))
		if !errors.Is(err, ErrShort) && (again != h || m != n || (err == nil) != (err2 == nil)) {
			t.Fatalf("%v %d %v, with one byte more %v %d %v", h, n, err, again, m, err2)
		}
		if err == nil && h.Source.IsValid() {
			back, _, err := Parse(AppendV2(nil, h.Source, h.Target))
			if err != nil || back.Source.Port() != h.Source.Port() {
				t.Fatalf("%v written and read again: %v %v", h, back, err)
			}
		}
	})
}
