package upstream

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// KeyOf is the Want.Key of a text, such as a cookie, a path or an id: XXH64.
func KeyOf(text string) uint64 { return xxhash([]byte(text), 0) }

// KeyOfAddr is the Want.Key of a client: of so many leading bits of its address,
// 32 and 128 for all of it, 24 and 56 for its network, as far as people's
// addresses change from one request to the next.
func KeyOfAddr(a netip.Addr, bits4, bits6 int) uint64 {
	a = a.Unmap().WithZone("")
	n := bits6
	if a.Is4() {
		n = bits4
	}
	if net, err := a.Prefix(n); err == nil {
		a = net.Addr()
	}
	return xxhash(a.AsSlice(), 0)
}

// The primes of XXH64.
const (
	xx1 = 0x9e3779b185ebca87
	xx2 = 0xc2b2ae3d27d4eb4f
	xx3 = 0x165667b19e3779f9
	xx4 = 0x85ebca77c2b2ae63
	xx5 = 0x27d4eb2f165667c5
)

// xxhash is XXH64 (Collet, the xxHash specification, version 0.1.1), which
// others' rings and tables are made with.
func xxhash(b []byte, seed uint64) uint64 {
	h := seed + xx5
	n := uint64(len(b))
	if len(b) >= 32 {
		h, b = xxStripes(b, seed)
	}
	h += n
	for ; len(b) >= 8; b = b[8:] {
		h = bits.RotateLeft64(h^xxRound(0, binary.LittleEndian.Uint64(b)), 27)*xx1 + xx4
	}
	if len(b) >= 4 {
		h = bits.RotateLeft64(h^uint64(binary.LittleEndian.Uint32(b))*xx1, 23)*xx2 + xx3
		b = b[4:]
	}
	for _, c := range b {
		h = bits.RotateLeft64(h^uint64(c)*xx5, 11) * xx1
	}
	h = (h ^ h>>33) * xx2
	h = (h ^ h>>29) * xx3
	return h ^ h>>32
}

// xxStripes takes in all whole stripes of 32 bytes, and returns what is left.
func xxStripes(b []byte, seed uint64) (uint64, []byte) {
	v := [4]uint64{seed + xx1, seed, seed, seed}
	v[0] += xx2
	v[1] += xx2
	v[3] -= xx1
	for ; len(b) >= 32; b = b[32:] {
		for i := range v {
			v[i] = xxRound(v[i], binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
	h := bits.RotateLeft64(v[0], 1) + bits.RotateLeft64(v[1], 7) + bits.RotateLeft64(v[2], 12) + bits.RotateLeft64(v[3], 18)
	for _, x := range v {
		h = (h^xxRound(0, x))*xx1 + xx4
	}
	return h, b
}

func xxRound(acc, x uint64) uint64 { return bits.RotateLeft64(acc+x*xx2, 31) * xx1 }
