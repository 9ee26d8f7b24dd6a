package shardfunc

import (
	"encoding/binary"
	"math/bits"
)

// Seed is HASH_PARTITION_SEED of PostgreSQL (partition.h): that of all hashes
// that place a row.
const Seed = 0x7A5B22367996DCFD

// Hash is what the extended hash function of v's type gives with Seed. NULL has
// no hash; it is 0 here, and RowHash leaves it out.
func Hash(v Value) uint64 {
	if v.form == null {
		return 0
	}
	switch v.typ {
	case Int8, Date, Timestamp, Timestamptz:
		return hashInt(v.n)
	case Numeric:
		return hashNumeric(v)
	}
	return hashBytes(v.s)
}

// RowHash is PostgreSQL's hash of a partition key of these columns
// (compute_partition_hash_value). The partition of modulus m is RowHash mod m.
func RowHash(vs ...Value) uint64 {
	var row uint64
	for i := range vs {
		if vs[i].form != null {
			row = combine(row, Hash(vs[i]))
		}
	}
	return row
}

// combine is hash_combine64 of PostgreSQL (hashfn.h).
func combine(row, hash uint64) uint64 {
	return row ^ (hash + 0x49a0f4dd15e5a8e3 + row<<54 + row>>7)
}

// hashInt is hashint8extended, which gives equal numbers of any width the same.
func hashInt(n int64) uint64 {
	lo, hi := uint32(n), uint32(n>>32)
	if n < 0 {
		hi = ^hi
	}
	return hashUint32(lo ^ hi)
}

// hashNumeric is hash_numeric_extended: of the digits without the zeros around
// them, and of where the point is. The sign does not count.
func hashNumeric(v Value) uint64 {
	switch {
	case !v.isFinite():
		return Seed
	case v.s == "":
		return Seed - 1
	}
	return hashBytes(v.s) ^ uint64(v.n)
}

// seeded is the state of Bob Jenkins' lookup3 (2006, public domain) as
// hash_bytes_extended begins it, for input of that length.
func seeded(length int) (a, b, c uint32) {
	a = 0x9e3779b9 + uint32(length) + 3923095
	return mix(a+uint32(Seed>>32), a+Seed&0xFFFFFFFF, a)
}

// seeded4 is the state for four bytes, always the same.
var seeded4 = func() (s struct{ a, b, c uint32 }) {
	s.a, s.b, s.c = seeded(4)
	return s
}()

func hashUint32(k uint32) uint64 {
	_, b, c := final(seeded4.a+k, seeded4.b, seeded4.c)
	return uint64(b)<<32 | uint64(c)
}

// hashBytes is hash_bytes_extended.
func hashBytes(k string) uint64 {
	a, b, c := seeded(len(k))
	for len(k) >= 12 {
		a, b, c = mix(a+word(k), b+word(k[4:]), c+word(k[8:]))
		k = k[12:]
	}
	var tail [12]byte
	copy(tail[:], k)
	a += binary.LittleEndian.Uint32(tail[:])
	b += binary.LittleEndian.Uint32(tail[4:])
	c += binary.LittleEndian.Uint32(tail[8:]) << 8 // its lowest byte is the length's
	_, b, c = final(a, b, c)
	return uint64(b)<<32 | uint64(c)
}

func word(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func mix(a, b, c uint32) (uint32, uint32, uint32) {
	a, c = a-c^bits.RotateLeft32(c, 4), c+b
	b, a = b-a^bits.RotateLeft32(a, 6), a+c
	c, b = c-b^bits.RotateLeft32(b, 8), b+a
	a, c = a-c^bits.RotateLeft32(c, 16), c+b
	b, a = b-a^bits.RotateLeft32(a, 19), a+c
	c, b = c-b^bits.RotateLeft32(b, 4), b+a
	return a, b, c
}

func final(a, b, c uint32) (uint32, uint32, uint32) {
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	c = (c ^ b) - bits.RotateLeft32(b, 24)
	return a, b, c
}
