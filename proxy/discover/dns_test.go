package discover

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// zone is a real name server on loopback, over UDP and TCP, whose records a
// test changes.
type zone struct {
	addr string

	mu      sync.Mutex
	records map[string][]dns.RR // by type and name
	rcode   int
	asked   map[string]int // by network
}

func newZone(t *testing.T) *zone {
	z := &zone{records: map[string][]dns.RR{}, asked: map[string]int{}}
	packets, stream := bothNets(t)
	z.addr = stream.Addr().String()
	for _, s := range []*dns.Server{
		{PacketConn: packets, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { z.answer("udp", w, q) })},
		{Listener: stream, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { z.answer("tcp", w, q) })},
	} {
		ready, ended := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(ready) }
		go func() { defer close(ended); _ = s.ActivateAndServe() }()
		<-ready
		t.Cleanup(func() { _ = s.Shutdown(); <-ended })
	}
	return z
}

// bothNets listens on one port over UDP and TCP. That a port is free over one
// says nothing of the other, where any connection may have it: the next is
// tried then.
func bothNets(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for try := 1; ; try++ {
		stream, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		packets, err := net.ListenPacket("udp", stream.Addr().String())
		if err == nil {
			return packets, stream
		}
		_ = stream.Close()
		if try == 20 {
			t.Fatal(err)
		}
	}
}

func (z *zone) answer(network string, w dns.ResponseWriter, q *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked[network]++
	m := new(dns.Msg)
	m.SetRcode(q, z.rcode)
	if z.rcode == dns.RcodeSuccess {
		m.Answer = z.records[fmt.Sprint(q.Question[0].Qtype, q.Question[0].Name)]
	}
	if network == "udp" {
		m.Truncate(int(q.IsEdns0().UDPSize()))
	}
	_ = w.WriteMsg(m)
}

// set replaces all records, given as in a zone file.
func (z *zone) set(t *testing.T, lines ...string) {
	t.Helper()
	z.mu.Lock()
	defer z.mu.Unlock()
	clear(z.records)
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprint(rr.Header().Rrtype, rr.Header().Name)
		if c, ok := rr.(*dns.CNAME); ok { // answered with what it leads to, as a recursive server does
			a := fmt.Sprint(dns.TypeA, c.Hdr.Name)
			z.records[a] = append([]dns.RR{rr}, z.records[fmt.Sprint(dns.TypeA, c.Target)]...)
			continue
		}
		z.records[key] = append(z.records[key], rr)
	}
}

func TestDNSHost(t *testing.T) {
	z := newZone(t)
	z.set(t, "web.test. 1 A 10.0.0.1", "web.test. 1 A 10.0.0.2", "web.test. 1 AAAA fd00::1")
	f := follow(t, DNS{Name: "web.test", Port: 80, Resolver: z.addr})
	f.await(t, "10.0.0.1:80 10.0.0.2:80 [fd00::1]:80")
	z.set(t, "there.test. 1 A 10.0.0.3", "web.test. 1 CNAME there.test.")
	f.await(t, "10.0.0.3:80")
	z.mu.Lock()
	z.rcode = dns.RcodeServerFailure
	z.mu.Unlock()
	f.hear(t, "says SERVFAIL")
	f.await(t, "10.0.0.3:80")
}

func TestDNSService(t *testing.T) {
	z := newZone(t)
	z.set(t, "_redis._tcp.test. 1 SRV 0 5 6379 r1.test.", "_redis._tcp.test. 1 SRV 20 0 6380 r2.test.",
		"_redis._tcp.test. 1 SRV 10 1 6381 r2.test.", "r1.test. 1 A 10.0.0.1", "r2.test. 1 A 10.0.0.2")
	f := follow(t, DNS{Name: "_redis._tcp.test", Resolver: z.addr})
	f.await(t, "10.0.0.1:6379*5 10.0.0.2:6380*1!2 10.0.0.2:6381*1!1")
	z.set(t, "_redis._tcp.test. 1 SRV 0 0 0 .")
	f.hear(t, "it lists no servers")
}

// TestDNSLarge holds that an answer too large for a datagram comes whole.
func TestDNSLarge(t *testing.T) {
	z := newZone(t)
	var lines []string
	for i := range 200 {
		lines = append(lines, fmt.Sprintf("web.test. 60 A 10.0.1.%d", i))
	}
	z.set(t, lines...)
	list := watchOnce(t, DNS{Name: "web.test", Port: 80, Resolver: z.addr})
	if len(list) != 200 {
		t.Errorf("%d of 200 addresses", len(list))
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.asked["tcp"] == 0 {
		t.Error("never asked over TCP: the answer was not too large")
	}
}

// watchOnce returns the first list.
func watchOnce(t *testing.T, src Source) (list []upstream.Target) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	err := src.Watch(ctx, func(l []upstream.Target) { list = l; stop() })
	if list == nil {
		t.Fatal(err)
	}
	return list
}

// TestDNSTTL holds that a name is asked again when the shortest time to live
// is over, no sooner than after a second, no later than after five minutes.
func TestDNSTTL(t *testing.T) {
	for _, c := range []struct {
		ttls []string
		want time.Duration
	}{{[]string{"60", "20", "90"}, 20 * time.Second}, {[]string{"0"}, 0}, {[]string{"86400"}, longestTTL}} {
		z := newZone(t)
		var lines []string
		for i, ttl := range c.ttls {
			lines = append(lines, fmt.Sprintf("web.test. %s A 10.0.0.%d", ttl, i+1))
		}
		z.set(t, lines...)
		a := answer{ttl: longestTTL}
		if err := a.addresses(t.Context(), resolver{z.addr}, "web.test.", upstream.Target{}, 80); err != nil {
			t.Fatal(err)
		}
		if a.ttl != c.want || len(a.list) != len(c.ttls) {
			t.Errorf("ttls %v: believed for %v, %d servers", c.ttls, a.ttl, len(a.list))
		}
	}
}

// TestDNSSecondServer holds that a name server that is away is passed over.
func TestDNSSecondServer(t *testing.T) {
	z := newZone(t)
	z.set(t, "web.test. 60 A 10.0.0.1")
	nobody, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close() // bound, and silent
	msg, err := resolver{nobody.LocalAddr().String(), z.addr}.ask(t.Context(), "web.test.", dns.TypeA)
	if err != nil || len(msg.Answer) != 1 {
		t.Errorf("%v, %v", msg, err)
	}
}
