package h1serve

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// asked is a request with its context, made as one object. Handlers may keep
// it for as long as they like: it is never used for another request.
type asked struct {
	http.Request
	url  url.URL
	life life
}

// life is the context of a request: it ends when the handler has, or its client
// has left. context.WithCancel and AfterFunc would make seven objects of what
// nearly every request needs, which is one function to be called at its end, and
// no channel. Safe for concurrent use.
type life struct {
	context.Context // the conn's, which never ends

	mu     sync.Mutex
	ended  bool
	done   chan struct{} // nil: nobody has asked for it
	after  []lastWish
	first  [1]lastWish // room for after
	wishes int         // made so far
}

// lastWish is a function to be called at the end of a life.
type lastWish struct {
	number int
	f      func()
}

// Done implements context.Context.
func (l *life) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.ended {
			close(l.done)
		}
	}
	return l.done
}

// Err implements context.Context.
func (l *life) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return context.Canceled
	}
	return nil
}

// AfterFunc is what context.AfterFunc and whoever derives a context look for:
// it has f called, in a goroutine of its own, at the end. stop says whether it
// has kept f from being called.
func (l *life) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		go f()
		return func() bool { return false }
	}
	l.wishes++
	number := l.wishes
	if l.after == nil {
		l.after = l.first[:0]
	}
	l.after = append(l.after, lastWish{number, f})
	return func() bool { return l.withdraw(number) }
}

func (l *life) withdraw(number int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.after)
	l.after = slices.DeleteFunc(l.after, func(w lastWish) bool { return w.number == number })
	return len(l.after) < before
}

// end may come more than once, and from any goroutine.
func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.ended = true
	if l.done != nil {
		close(l.done)
	}
	for _, w := range l.after {
		go w.f()
	}
	l.after = nil
}
