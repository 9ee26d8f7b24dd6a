package proxyheader

import (
	"encoding/binary"
	"net/netip"
)

// AppendV1 appends a header of version 1 for a client at source that came in
// at target; invalid addresses make it UNKNOWN.
func AppendV1(b []byte, source, target netip.AddrPort) []byte {
	source, target = sameFamily(source, target)
	switch {
	case !source.IsValid():
		return append(b, "PROXY UNKNOWN\r\n"...)
	case source.Addr().Is4():
		b = append(b, "PROXY TCP4 "...)
	default:
		b = append(b, "PROXY TCP6 "...)
	}
	b = append(source.Addr().AppendTo(b), ' ')
	b = append(target.Addr().AppendTo(b), ' ')
	b = append(appendPort(b, source.Port()), ' ')
	return append(appendPort(b, target.Port()), "\r\n"...)
}

func appendPort(b []byte, p uint16) []byte {
	for unit := uint16(10000); unit > 0; unit /= 10 {
		if p >= unit || unit == 1 {
			b = append(b, '0'+byte(p/unit%10))
		}
	}
	return b
}

// AppendV2 appends a header of version 2; invalid addresses make it LOCAL: the
// sender speaks for itself.
func AppendV2(b []byte, source, target netip.AddrPort) []byte {
	source, target = sameFamily(source, target)
	b = append(b, signature2...)
	switch {
	case !source.IsValid():
		return append(b, local, 0, 0, 0)
	case source.Addr().Is4():
		b = append(b, proxied, tcp4, 0, len4)
	default:
		b = append(b, proxied, tcp6, 0, len6)
	}
	b = append(b, source.Addr().AsSlice()...)
	b = append(b, target.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, source.Port())
	return binary.BigEndian.AppendUint16(b, target.Port())
}

// sameFamily makes both addresses IPv4, or both IPv6, or both invalid: a header
// has one family for the two.
func sameFamily(a, b netip.AddrPort) (netip.AddrPort, netip.AddrPort) {
	if !a.IsValid() || !b.IsValid() {
		return netip.AddrPort{}, netip.AddrPort{}
	}
	x, y := a.Addr().Unmap().WithZone(""), b.Addr().Unmap().WithZone("")
	if x.Is4() != y.Is4() {
		x, y = netip.AddrFrom16(x.As16()), netip.AddrFrom16(y.As16())
	}
	return netip.AddrPortFrom(x, a.Port()), netip.AddrPortFrom(y, b.Port())
}
