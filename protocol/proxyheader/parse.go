package proxyheader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Header is what a header says. Both addresses are invalid if the sender speaks
// for itself (LOCAL, as health checks do) or does not know them (UNKNOWN).
type Header struct {
	Source netip.AddrPort // the client
	Target netip.AddrPort // where it connected to
}

// MaxLen is the longest header that is read, in bytes: version 2 allows 64 KiB
// of extensions, of which those in use are some hundred bytes.
const MaxLen = 4096

// maxLine is the longest header of version 1, its end included (the
// protocol's section 2.1).
const maxLine = 107

// ErrShort is what Parse returns when more bytes are needed.
var ErrShort = errors.New("the PROXY header is not complete")

var (
	errNone    = errors.New("there is no PROXY header")
	errBroken  = errors.New("the PROXY header is broken")
	errTooLong = errors.New("the PROXY header is too long")
)

var (
	signature1 = []byte("PROXY ")
	signature2 = []byte("\r\n\r\n\x00\r\nQUIT\n")
)

// Parse reads a header of either version at the beginning of b and returns its
// length. It never asks for more than MaxLen bytes.
func Parse(b []byte) (h Header, n int, err error) {
	switch {
	case begins(b, signature2):
		return parse2(b)
	case begins(b, signature1):
		return parse1(b)
	}
	return Header{}, 0, errNone
}

// begins tells whether b begins as the signature does, as far as it goes.
func begins(b, signature []byte) bool {
	n := min(len(b), len(signature))
	return bytes.Equal(b[:n], signature[:n])
}

func parse1(b []byte) (Header, int, error) {
	end := bytes.Index(b[:min(len(b), maxLine)], []byte("\r\n"))
	switch {
	case end < 0 && len(b) >= maxLine:
		return Header{}, 0, errTooLong
	case end < 0:
		return Header{}, 0, ErrShort
	}
	line, n := string(b[len(signature1):end]), end+2
	if line == "UNKNOWN" || strings.HasPrefix(line, "UNKNOWN ") {
		return Header{}, n, nil
	}
	parts := strings.Split(line, " ")
	if len(parts) != 5 || parts[0] != "TCP4" && parts[0] != "TCP6" {
		return Header{}, 0, errBroken
	}
	source, ok1 := addrPort(parts[1], parts[3])
	target, ok2 := addrPort(parts[2], parts[4])
	if !ok1 || !ok2 || source.Addr().Is4() != (parts[0] == "TCP4") || target.Addr().Is4() != (parts[0] == "TCP4") {
		return Header{}, 0, errBroken
	}
	return Header{source, target}, n, nil
}

// addrPort wants a port as the protocol does, without sign or leading zeros.
func addrPort(addr, port string) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(addr)
	p, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || a.Zone() != "" || strconv.FormatUint(p, 10) != port {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a, uint16(p)), true
}

// The parts of version 2 (the protocol's section 2.2).
const (
	fixedLen = 16 // signature, version and command, family, length
	local    = 0x20
	proxied  = 0x21
	tcp4     = 0x11
	tcp6     = 0x21
	len4     = 12
	len6     = 36
)

func parse2(b []byte) (Header, int, error) {
	if len(b) < fixedLen {
		return Header{}, 0, ErrShort
	}
	command, family, rest := b[12], b[13], int(binary.BigEndian.Uint16(b[14:]))
	n := fixedLen + rest
	switch {
	case command != local && command != proxied:
		return Header{}, 0, errBroken
	case n > MaxLen:
		return Header{}, 0, errTooLong
	case len(b) < n:
		return Header{}, 0, ErrShort
	}
	body := b[fixedLen:n]
	switch {
	case command == local:
		return Header{}, n, nil
	case family == tcp4 && rest >= len4:
		return Header{
			netip.AddrPortFrom(netip.AddrFrom4([4]byte(body)), binary.BigEndian.Uint16(body[8:])),
			netip.AddrPortFrom(netip.AddrFrom4([4]byte(body[4:])), binary.BigEndian.Uint16(body[10:])),
		}, n, nil
	case family == tcp6 && rest >= len6:
		return Header{
			netip.AddrPortFrom(netip.AddrFrom16([16]byte(body)).Unmap(), binary.BigEndian.Uint16(body[32:])),
			netip.AddrPortFrom(netip.AddrFrom16([16]byte(body[16:])).Unmap(), binary.BigEndian.Uint16(body[34:])),
		}, n, nil
	case family == tcp4 || family == tcp6:
		return Header{}, 0, errBroken
	}
	return Header{}, n, nil // unix sockets and datagrams: nothing that we can use
}
