package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// DNS lists the addresses of a name, and asks again when the shortest time to
// live of an answer is over: system resolvers hide it, so it asks a name
// server itself.
type DNS struct {
	Name     string // a host, whose A and AAAA records count, or a service as "_redis._tcp.example.com", whose SRV records do
	Port     int    // of a host's servers; a service's records have their own
	Resolver string // host:port of a name server; "": those of /etc/resolv.conf
}

// Bounds of how long an answer is believed.
const (
	shortestTTL = time.Second
	longestTTL  = 5 * time.Minute
)

// service says whether the name asks for SRV records.
func (d DNS) service() bool { return strings.HasPrefix(d.Name, "_") }

// Watch implements Source.
func (d DNS) Watch(ctx context.Context, found func([]upstream.Target)) error {
	for {
		r, err := d.resolver()
		if err != nil {
			return err
		}
		a := answer{ttl: longestTTL}
		if d.service() {
			err = a.services(ctx, r, dns.Fqdn(d.Name))
		} else {
			err = a.addresses(ctx, r, dns.Fqdn(d.Name), upstream.Target{}, d.Port)
		}
		if err != nil {
			return fmt.Errorf("dns %s: %w", d.Name, err)
		}
		found(a.list)
		select {
		case <-time.After(max(a.ttl, shortestTTL)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resolver are the name servers to ask, in order.
type resolver []string

func (d DNS) resolver() (resolver, error) {
	if d.Resolver != "" {
		return resolver{d.Resolver}, nil
	}
	c, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, err
	}
	var r resolver
	for _, s := range c.Servers {
		r = append(r, net.JoinHostPort(s, c.Port))
	}
	return r, nil
}

// answer is a list on its way, and how long it may be believed.
type answer struct {
	list []upstream.Target
	ttl  time.Duration
}

func (a *answer) believe(h *dns.RR_Header) {
	a.ttl = min(a.ttl, time.Duration(h.Ttl)*time.Second)
}

// services follows the SRV records of a name to their hosts' addresses. A
// record's weight is its servers'; 0 stands for 1, the least there is here. Its
// priority becomes its rank among those there are: 5, 10, 20 are 0, 1, 2.
func (a *answer) services(ctx context.Context, r resolver, name string) error {
	msg, err := r.ask(ctx, name, dns.TypeSRV)
	if err != nil {
		return err
	}
	records := servicesIn(msg)
	priority, last := -1, -1
	for _, srv := range records {
		a.believe(&srv.Hdr)
		if int(srv.Priority) != last {
			last = int(srv.Priority)
			priority++
		}
		t := upstream.Target{Weight: max(int(srv.Weight), 1), Priority: min(priority, maxPriority)}
		if err := a.addresses(ctx, r, srv.Target, t, int(srv.Port)); err != nil {
			return fmt.Errorf("%s: %w", srv.Target, err)
		}
	}
	return nil
}

// maxPriority is the last that a pool knows.
const maxPriority = 127

// servicesIn are the SRV records of an answer, those to be tried first first.
func servicesIn(msg *dns.Msg) (records []*dns.SRV) {
	for _, rr := range msg.Answer {
		if srv, ok := rr.(*dns.SRV); ok && srv.Target != "." { // "." says that there is no such service (RFC 2782)
			records = append(records, srv)
		}
	}
	slices.SortStableFunc(records, func(a, b *dns.SRV) int { return cmp.Compare(a.Priority, b.Priority) })
	return records
}

// addresses adds a host's servers, each like t.
func (a *answer) addresses(ctx context.Context, r resolver, host string, t upstream.Target, port int) error {
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		msg, err := r.ask(ctx, host, kind)
		if err != nil {
			return err
		}
		for _, rr := range msg.Answer {
			var ip net.IP
			switch rr := rr.(type) {
			case *dns.A:
				ip = rr.A
			case *dns.AAAA:
				ip = rr.AAAA
			default: // a CNAME on the way there
				a.believe(rr.Header())
				continue
			}
			a.believe(rr.Header())
			t.Addr = net.JoinHostPort(ip.String(), strconv.Itoa(port))
			a.list = append(a.list, t)
		}
	}
	return nil
}

// dnsTime bounds one exchange with one name server.
const dnsTime = 2 * time.Second

// udpSize is how much fits in a datagram that no network cuts into pieces (DNS
// flag day 2020).
const udpSize = 1232

// ask puts the question to each name server until one answers it: over TCP
// when the answer does not fit a datagram.
func (r resolver) ask(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	var errs []error
	for _, server := range r {
		msg, err := exchange(ctx, server, name, kind, "udp")
		if err == nil && msg.Truncated {
			msg, err = exchange(ctx, server, name, kind, "tcp")
		}
		if err == nil && msg.Rcode != dns.RcodeSuccess {
			err = fmt.Errorf("%s says %s", server, dns.RcodeToString[msg.Rcode])
		}
		if err == nil {
			return msg, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func exchange(ctx context.Context, server, name string, kind uint16, network string) (*dns.Msg, error) {
	q := new(dns.Msg)
	q.SetQuestion(name, kind)
	q.SetEdns0(udpSize, false)
	c := dns.Client{Net: network, Timeout: dnsTime}
	msg, _, err := c.ExchangeContext(ctx, q, server)
	return msg, err
}
