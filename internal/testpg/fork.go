package testpg

import (
	"os/exec"
	"runtime"
	"sync"
)

// Linux sends a parent-death signal when the *thread* that forked ends, not
// the process, so one thread that never ends does all the forking.
var forks = sync.OnceValue(func() chan<- forkOrder {
	orders := make(chan forkOrder)
	go forkLoop(orders)
	return orders
})

type forkOrder struct {
	cmd  *exec.Cmd
	done chan<- error
}

// forkLoop lives as long as the process, by design: its thread is what the
// servers' lives hang on.
func forkLoop(orders <-chan forkOrder) {
	runtime.LockOSThread()
	for o := range orders {
		o.done <- o.cmd.Start()
	}
}

// startMortal starts cmd so that it is told to quit when this process dies,
// whatever kills it.
func startMortal(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	forks() <- forkOrder{cmd, done}
	return <-done
}
