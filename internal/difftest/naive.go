package difftest

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
)

// naive is a Target that sends each statement to all shards and puts the rows
// one after the other. It is what a corpus must catch.
type naive struct {
	layout Layout
	urls   []string
	store  *Store
}

// Naive spreads the rows of a plain target over the shards of a layout.
func (f *Fleet) Naive(ctx context.Context, l Layout, plain Target) (Target, error) {
	s, err := f.spread(ctx, l, "naive_", plain.Store())
	if err != nil {
		return nil, err
	}
	n := &naive{layout: l, store: s}
	for i := range l.Shards {
		n.urls = append(n.urls, f.url(i, l.database("naive_")))
	}
	return n, nil
}

// Name is for reports.
func (n *naive) Name() string { return "naive scatter over " + n.layout.String() }

// Store is where the rows are.
func (n *naive) Store() *Store { return n.store }

// Open connects to all shards.
func (n *naive) Open(ctx context.Context) (Session, error) {
	var all herd
	for _, url := range n.urls {
		w, err := dial(ctx, url)
		if err != nil {
			all.Close()
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// herd is a session on each shard.
type herd []*wire

// Close closes all.
func (h herd) Close() {
	for _, w := range h {
		w.Close()
	}
}

// Do asks all shards. The first error is the answer.
func (h herd) Do(s Step, how Wire) (sum Answer) {
	for i, w := range h {
		a := w.Do(s, how)
		switch {
		case sum.Err != nil || sum.Lost != nil:
		case i == 0 || a.Err != nil || a.Lost != nil:
			sum = a
		default:
			for n := range a.Results {
				if n < len(sum.Results) {
					sum.Results[n].add(a.Results[n])
				}
			}
		}
	}
	return sum
}

var trailingCount = regexp.MustCompile(`[0-9]+$`)

// add appends the rows of another shard and adds up what the tag counts.
func (r *Result) add(other Result) {
	r.Rows = append(r.Rows, other.Rows...)
	more, err := strconv.Atoi(trailingCount.FindString(other.Tag))
	if err != nil {
		return
	}
	r.Tag = trailingCount.ReplaceAllStringFunc(r.Tag, func(s string) string {
		mine, err := strconv.Atoi(s)
		if err != nil {
			return s
		}
		return fmt.Sprint(mine + more)
	})
}
