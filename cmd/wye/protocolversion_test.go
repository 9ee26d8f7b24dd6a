package main

import (
	"encoding/binary"
	"testing"
	"time"
)

func TestProtocolVersions(t *testing.T) {
	d := openDesk(t)
	for version, keyLen := range map[string]int{"3.0": 4, "3.2": 32, "latest": 32} {
		for _, listener := range []string{"scram", "require"} {
			words := noTLS
			if listener == "require" {
				words = fullTLS
			}
			conn := connect(t, d.dsn(listener, "app", "app", words+" max_protocol_version="+version))
			if got := len(conn.SecretKey()); got != keyLen {
				t.Errorf("%s: cancel key of %d bytes, want %d", version, got, keyLen)
			}
			wantError(t, cancelled(t, conn, later(conn, "select pg_sleep(100)")), "57014")
			must(t, conn, "select 1")
		}
	}
}

// TestCancelWithWrongKey does nothing, not even to a session whose key it
// begins with.
func TestCancelWithWrongKey(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig(""))
	conn := connect(t, dsn(addr, "max_protocol_version=3.2"))
	done := make(chan error, 1)
	go func() { _, err := run(conn, "select pg_sleep(0.4)"); done <- err }()
	time.Sleep(50 * time.Millisecond)
	key := conn.SecretKey()
	last := append([]byte(nil), key...)
	last[31] ^= 1
	for _, wrong := range [][]byte{key[:4], key[:31], last, append(key[:32:32], 0), {}} {
		packet := binary.BigEndian.AppendUint32(nil, uint32(12+len(wrong)))
		packet = binary.BigEndian.AppendUint32(packet, 80877102)
		packet = binary.BigEndian.AppendUint32(packet, conn.PID())
		c := knock(t, addr)
		if _, err := c.Write(append(packet, wrong...)); err != nil {
			t.Fatal(err)
		}
		if got := answered(c, 1); got != "EOF" {
			t.Errorf("a cancel request is answered with %q", got)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("cancelled with a wrong key: %v", err)
	}
}
