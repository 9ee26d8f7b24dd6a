package difftest

import (
	"context"
)

// Target is what a client may connect to, and where its rows are.
type Target interface {
	Name() string
	Open(ctx context.Context) (Session, error)
	Store() *Store
}

// server is a Target at an address: a PostgreSQL, or wye.
type server struct {
	name  string
	url   string
	store *Store
}

// Name is for reports.
func (s *server) Name() string { return s.name }

// Store is where the rows are.
func (s *server) Store() *Store { return s.store }

// Open connects as a client does.
func (s *server) Open(ctx context.Context) (Session, error) {
	w, err := dial(ctx, s.url)
	if err != nil {
		return nil, err // not a Session that holds nil
	}
	return w, nil
}

// Plain is a PostgreSQL with all rows, which says what is right.
func (f *Fleet) Plain(ctx context.Context) (Target, error) { return f.whole(ctx, "plain", false) }

// Twin is another, whose rows were inserted in the other order.
func (f *Fleet) Twin(ctx context.Context) (Target, error) { return f.whole(ctx, "twin", true) }

func (f *Fleet) whole(ctx context.Context, name string, backwards bool) (Target, error) {
	s, err := f.plain(ctx, name, backwards)
	if err != nil {
		return nil, err
	}
	return &server{name, f.url(0, name), s}, nil
}
