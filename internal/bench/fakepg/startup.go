//go:build linux

package fakepg

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// Codes a startup packet may begin with instead of a version (PostgreSQL's
// src/include/libpq/pqcomm.h).
const (
	cancelCode = 1234<<16 | 5678
	sslCode    = 1234<<16 | 5679
	gssCode    = 1234<<16 | 5680
	maxStartup = 10_000 // MAX_STARTUP_PACKET_LENGTH
)

var errStartup = errors.New("no startup packet")

// startup refuses encryption and lets everybody in.
func startup(c io.ReadWriter, r Role) error {
	for {
		code, rest, err := readStartup(c)
		if err != nil {
			return err
		}
		switch {
		case code == cancelCode:
			return errors.New("a cancel request")
		case code == sslCode || code == gssCode:
			if _, err := c.Write([]byte{'N'}); err != nil {
				return err
			}
		case code>>16 == 3:
			_, err := c.Write(greeting(rest, r))
			return err
		default:
			return errStartup
		}
	}
}

func readStartup(r io.Reader) (code uint32, rest []byte, err error) {
	var h [8]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(h[:])
	if n < 8 || n > maxStartup {
		return 0, nil, errStartup
	}
	rest = make([]byte, n-8)
	_, err = io.ReadFull(r, rest)
	return binary.BigEndian.Uint32(h[4:]), rest, err
}

// greeting is AuthenticationOk to ReadyForQuery. Session parameters that the
// client asked for are reported as set, so that a proxy which follows them
// has nothing to correct later.
func greeting(params []byte, r Role) []byte {
	status := [][2]string{
		{"server_version", "15.0 (canned)"}, {"server_encoding", "UTF8"}, {"client_encoding", "UTF8"},
		{"DateStyle", "ISO, MDY"}, {"IntervalStyle", "postgres"}, {"TimeZone", "UTC"}, {"integer_datetimes", "on"},
		{"standard_conforming_strings", "on"}, {"application_name", ""}, {"is_superuser", "off"},
		{"in_hot_standby", r.standby()}, {"default_transaction_read_only", "off"}, {"session_authorization", "bench"},
	}
	words := strings.Split(string(params), "\x00")
	for i := 0; i+1 < len(words); i += 2 {
		for k := range status {
			if strings.EqualFold(status[k][0], words[i]) {
				status[k][1] = words[i+1]
			}
		}
	}
	b := frame(nil, 'R', []byte{0, 0, 0, 0})
	for _, kv := range status {
		b = frame(b, 'S', []byte(kv[0]+"\x00"+kv[1]+"\x00"))
	}
	b = frame(b, 'K', []byte{0, 0, 0, 1, 0, 0, 0, 2})
	return frame(b, 'Z', []byte{'I'})
}

func frame(b []byte, kind byte, body []byte) []byte {
	b = append(b, kind)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)+4))
	return append(b, body...)
}
