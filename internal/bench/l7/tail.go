//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pacedConns is over how many conns the paced load is spread.
const pacedConns = 32

// compareTail loads the origin itself and each proxy at half of what wye takes
// at most, in turn, and prints how much each proxy adds to the 99th percentile.
func compareTail(ps []*proxy, origin string, o *options) error {
	rate := median(ps[0].rate) / 2
	addrs := []string{origin}
	for _, p := range ps {
		addrs = append(addrs, p.addr)
	}
	tails := make([][]float64, len(addrs)) // ms, by round
	for round := range o.rounds {
		for k := range addrs {
			i := (k + round) % len(addrs)
			took, err := pace(addrs[i], rate, o.time)
			if err != nil {
				return err
			}
			slices.Sort(took)
			tails[i] = append(tails[i], float64(took[len(took)*99/100].Microseconds())/1000)
		}
	}
	fmt.Printf("\np99 at %.0f requests a second, half of wye's full load, counted from when each was due\n", rate)
	fmt.Printf("%-8s %26s ms\n", "origin", spread(tails[0], "%.2f"))
	for i, p := range ps {
		var added []float64
		for round, ms := range tails[i+1] {
			added = append(added, ms-tails[0][round])
		}
		fmt.Printf("%-8s %26s ms, added %s ms\n", p.name, spread(tails[i+1], "%.2f"), spread(added, "%.2f"))
	}
	return nil
}

// pace asks at a rate, whatever becomes of the answers, and returns how long
// after it was due each request was answered: a server that stalls is charged
// for all who had to wait meanwhile.
func pace(addr string, rate float64, d time.Duration) (all []time.Duration, err error) {
	every := time.Duration(float64(time.Second) * pacedConns / rate)
	var (
		mu     sync.Mutex
		askers sync.WaitGroup
		began  = time.Now().Add(10 * time.Millisecond)
	)
	for i := range pacedConns {
		askers.Go(func() {
			took, fault := ask(addr, began.Add(every*time.Duration(i)/pacedConns), every, int(d/every))
			mu.Lock()
			defer mu.Unlock()
			all, err = append(all, took...), errors.Join(err, fault)
		})
	}
	askers.Wait()
	return all, err
}

// ask sends n requests on one conn, when they are due.
func ask(addr string, due time.Time, every time.Duration, n int) ([]time.Duration, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_ = c.SetDeadline(due.Add(time.Duration(n)*every + 20*time.Second))
	b := bufio.NewReader(c)
	took := make([]time.Duration, 0, n)
	for ; len(took) < n; due = due.Add(every) {
		time.Sleep(time.Until(due))
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			return took, err
		}
		if err := skipAnswer(b); err != nil {
			return took, fmt.Errorf("%s: %w", addr, err)
		}
		took = append(took, time.Since(due))
	}
	return took, nil
}

// skipAnswer reads one answer with a Content-Length.
func skipAnswer(b *bufio.Reader) error {
	length := -1
	for n := 0; ; n++ {
		line, err := b.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimSpace(line)
		if n == 0 && !strings.Contains(line, " 200") {
			return fmt.Errorf("answer %q", line)
		}
		if line == "" {
			break
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("answer without Content-Length")
	}
	_, err := b.Discard(length)
	return err
}
