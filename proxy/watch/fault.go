package watch

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Kinds of failure of a probe.
type fault int

const (
	slow   fault = iota // no answer in time, or one that is not understood: may be a hiccup
	gone                // nobody there, or going: no doubt about it
	full                // alive, and has no connection to spare
	denied              // a function of the question is not for us
)

// goneErrors are the network's ways to say that nobody is there.
var goneErrors = []error{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED, syscall.ENOENT,
	io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed,
}

// faultOf tells the kinds apart.
func faultOf(err error) fault {
	var said *pgerror.Error
	if errors.As(err, &said) {
		switch {
		case said.Code == "42501": // insufficient_privilege
			return denied
		case strings.HasPrefix(said.Code, "57P"): // shutting down, starting up, terminated
			return gone
		case strings.HasPrefix(said.Code, "53"): // insufficient_resources
			return full
		}
		return slow
	}
	for _, g := range goneErrors {
		if errors.Is(err, g) {
			return gone
		}
	}
	return slow
}
