package tcpproxy

import (
	"errors"
	"syscall"
)

// Of <linux/splice.h> and <linux/fcntl.h>.
const (
	spliceMove     = 1
	spliceNonblock = 2
	setPipeSize    = 1031 // F_SETPIPE_SZ
)

// pipeSize is what one pipe takes. The kernel refuses it to a user who has many
// (pipe(7), pipe-user-pages-soft); then it takes the usual 64 KiB.
const pipeSize = 256 << 10

// keptPipes bounds the pipes kept for later: as many as move at a time, about.
const keptPipes = 64

var errNoPipe = errors.New("no pipe")

// pipe is where the kernel keeps what goes from one socket to another. It is
// empty whenever nobody owns it.
type pipe struct{ r, w, holds int }

var kept = make(chan *pipe, keptPipes)

// getPipe returns an empty pipe, or nil if there are no descriptors for one.
func getPipe() *pipe {
	select {
	case p := <-kept:
		return p
	default:
	}
	var fds [2]int
	if syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK) != nil {
		return nil
	}
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(fds[1]), setPipeSize, pipeSize)
	return &pipe{r: fds[0], w: fds[1]}
}

// put gives back an empty pipe.
func (p *pipe) put() {
	select {
	case kept <- p:
	default:
		p.close()
	}
}

func (p *pipe) close() {
	_ = syscall.Close(p.r)
	_ = syscall.Close(p.w)
}
