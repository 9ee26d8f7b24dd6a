package discover

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// parseLine reads one server in the words of a file or of an etcd value:
//
//	10.0.0.7:8080 weight=2 zone=eu-1b name=web7
func parseLine(line string) (upstream.Target, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return upstream.Target{}, errors.New("no address")
	}
	t := upstream.Target{Addr: words[0]}
	if err := checkAddr(t.Addr); err != nil {
		return t, err
	}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case value == "":
			return t, fmt.Errorf("%s: %q is not of the form key=value", t.Addr, word)
		case key == "weight":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return t, fmt.Errorf("%s: weight %q is not a number from 1", t.Addr, value)
			}
			t.Weight = n
		case key == "zone":
			t.Zone = value
		case key == "name":
			t.Name = value
		default:
			return t, fmt.Errorf("%s: %q: only weight, zone and name may follow an address", t.Addr, key)
		}
	}
	return t, nil
}

// checkAddr wants host:port with a port that can be dialled.
func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q: port %q is not a number from 1 to 65535", addr, port)
	}
	return nil
}
