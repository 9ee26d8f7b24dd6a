package tcpproxy

import "syscall"

// pump moves bytes from one socket to another. Go's own io.Copy between sockets
// (internal/poll.Splice) holds a pipe, two descriptors, for each direction as
// long as it waits, and says nothing until it ends; here whoever waits holds
// nothing, and each step is counted.
//
// Its methods are called by the runtime's poller with the descriptor: they
// return false to be called again when it is ready.
type pump struct {
	from, to syscall.RawConn
	buf      *[bufferSize]byte
	pipe     *pipe
	n        int
	err      error
	full     int // reads in a row that filled what they could; up to bulkMost
}

// When there is more than a buffer at a time, the kernel moves it: bulkAfter
// full buffers begin that, and small pieces end it again.
const (
	bulkAfter = 4
	bulkMost  = 8
)

// move moves until the first socket ends. It returns nil then, and else what
// went wrong.
func (h *half) move() error {
	from, to, ok := h.rawPair()
	if !ok {
		return h.moveAny()
	}
	p := &h.pump
	if err := p.begin(from, to); err != nil {
		return err
	}
	read, splice, drain := p.read, p.splice, p.drain // bound once: a method value is made anew each time
	for {
		var err error
		if p.full < bulkAfter {
			err = h.copyOnce(read)
		} else {
			err = h.spliceOnce(splice, drain)
		}
		if err != nil || p.n == 0 {
			return err
		}
	}
}

func (p *pump) begin(from, to socket) (err error) {
	if p.from, err = from.SyscallConn(); err != nil {
		return err
	}
	p.to, err = to.SyscallConn()
	return err
}

// copyOnce moves what is there, up to a buffer.
func (h *half) copyOnce(read func(uintptr) bool) error {
	p := &h.pump
	if err := p.from.Read(read); err != nil {
		return err
	}
	if p.err != nil || p.n == 0 {
		return p.err
	}
	_, err := h.to.Write(p.buf[:p.n])
	buffers.Put(p.buf)
	p.buf = nil
	h.moved.Add(int64(p.n))
	h.unheard = err != nil
	return err
}

// read takes a buffer only when there is something for it.
func (p *pump) read(fd uintptr) bool {
	buf := buffers.Get().(*[bufferSize]byte)
	n, err := retry(func() (int, error) { return syscall.Read(int(fd), buf[:]) })
	p.n, p.err = max(n, 0), err
	if err == nil && n > 0 {
		p.buf = buf
		p.judge(n, bufferSize)
		return true
	}
	buffers.Put(buf)
	return err != syscall.EAGAIN
}

// judge notes whether there was as much as could be taken.
func (p *pump) judge(n, most int) {
	if n >= most {
		p.full = min(p.full+1, bulkMost)
	} else if p.full > 0 {
		p.full--
	}
}

// spliceOnce moves what is there, up to a pipe, within the kernel.
func (h *half) spliceOnce(splice, drain func(uintptr) bool) error {
	p := &h.pump
	if err := p.from.Read(splice); err != nil {
		return err
	}
	if p.err == syscall.EINVAL || p.err == errNoPipe { // not for these sockets, or no descriptors left
		p.err, p.n, p.full = nil, 1, -1<<30
		return nil
	}
	if p.err != nil || p.n == 0 {
		return p.err
	}
	h.moved.Add(int64(p.n))
	for p.pipe.holds > 0 {
		err := p.to.Write(drain)
		if err == nil {
			err = p.err
		}
		if err != nil {
			p.pipe.close() // what it holds is lost with the relay
			p.pipe = nil
			h.unheard = true
			return err
		}
	}
	p.pipe.put()
	p.pipe = nil
	return nil
}

// splice takes a pipe only when there is something for it.
func (p *pump) splice(fd uintptr) bool {
	pipe := getPipe()
	if pipe == nil {
		p.err = errNoPipe
		return true
	}
	n, err := retry(func() (int, error) {
		n, err := syscall.Splice(int(fd), nil, pipe.w, nil, pipeSize, spliceNonblock|spliceMove)
		return int(n), err
	})
	p.n, p.err = max(n, 0), err
	if err == nil && n > 0 {
		pipe.holds, p.pipe = n, pipe
		p.judge(n, bufferSize)
		return true
	}
	pipe.put()
	return err != syscall.EAGAIN
}

// drain empties the pipe into the other socket.
func (p *pump) drain(fd uintptr) bool {
	n, err := retry(func() (int, error) {
		n, err := syscall.Splice(p.pipe.r, nil, int(fd), nil, p.pipe.holds, spliceNonblock|spliceMove)
		return int(n), err
	})
	if err == syscall.EAGAIN {
		return false
	}
	p.err = err
	p.pipe.holds -= max(n, 0)
	return true
}

// retry calls again what a signal interrupted.
func retry(f func() (int, error)) (n int, err error) {
	for {
		if n, err = f(); err != syscall.EINTR {
			return n, err
		}
	}
}
