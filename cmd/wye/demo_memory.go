package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// pricesSchema is the only table whose answers the demo's wye keeps.
const pricesSchema = `CREATE TABLE prices (id int PRIMARY KEY, price int NOT NULL);
INSERT INTO prices SELECT i, 100 * i FROM generate_series(1, 50) i;
`

const (
	priceSQL = "SELECT price FROM public.prices WHERE id = $1"
	// pricesEach is how many prices each client asks for.
	pricesEach = 20
	// pricesHot is how many different ones there are among them.
	pricesHot = 10
)

// tourMemory has clients ask for few rows again and again, then changes one of
// them without wye, on the server.
func tourMemory(ctx context.Context, r *rig) (f finding, err error) {
	if err := pollUntil(ctx, "the log of the primary to be followed", func() (bool, error) {
		rows, err := r.show(ctx, "CACHE WHERE rule = 'prices'")
		return err == nil && len(rows) == 1 && rows[0]["elsewhere"] == "wal", err
	}); err != nil {
		return f, err
	}
	before, err := r.cacheCounts(ctx)
	if err != nil {
		return f, err
	}
	if err := r.fleet.each(askPrices); err != nil {
		return f, err
	}
	after, err := r.cacheCounts(ctx)
	if err != nil {
		return f, err
	}
	if err := r.cluster.Primary.Exec(ctx, "UPDATE prices SET price = 1 WHERE id = 7"); err != nil {
		return f, err
	}
	changed := time.Now()
	one := r.fleet.conns[0]
	if err := pollUntil(ctx, "the change that was made past wye", func() (bool, error) {
		row, err := ask(ctx, one, priceSQL, "7")
		return err == nil && row[0] == "1", err
	}); err != nil {
		return f, err
	}
	seen := time.Since(changed)
	old := 0
	for _, c := range r.fleet.first(authors).conns {
		row, err := ask(ctx, c, priceSQL, "7")
		if err != nil {
			return f, err
		}
		if row[0] != "1" {
			old++
		}
	}
	asked := r.fleet.size() * pricesEach
	hits, fills := after["hits"]-before["hits"], after["fills"]-before["fills"]
	f.text = fmt.Sprintf("%d prices asked for: %d from memory, %d from the server; an UPDATE with psql past wye seen after %.1f ms, by %d of %d clients then",
		asked, hits, asked-hits, ms(seen), authors-old, authors)
	f.figures = map[string]any{"asked": asked, "hits": hits, "fills": fills, "seen_ms": ms(seen), "old": old}
	switch {
	case hits < asked*9/10:
		err = fmt.Errorf("only %d of %d answers came from memory", hits, asked)
	case old > 0:
		err = fmt.Errorf("%d clients were given the old price", old)
	}
	return f, err
}

func askPrices(i int, c *pgconn.PgConn) error {
	ctx, stop := context.WithTimeout(context.Background(), stepLimit)
	defer stop()
	for n := range pricesEach {
		id := 1 + (i+n)%pricesHot
		row, err := ask(ctx, c, priceSQL, strconv.Itoa(id))
		if err != nil {
			return err
		}
		if row[0] != strconv.Itoa(100*id) {
			return fmt.Errorf("price %d is %s", id, row[0])
		}
	}
	return nil
}

// cacheCounts are the numbers of SHOW CACHE.
func (r *rig) cacheCounts(ctx context.Context) (map[string]int, error) {
	rows, err := r.show(ctx, "CACHE WHERE rule = 'prices'")
	if err != nil || len(rows) != 1 {
		return nil, fmt.Errorf("SHOW CACHE has %d rows: %w", len(rows), err)
	}
	counts := map[string]int{}
	for name, text := range rows[0] {
		if n, err := strconv.Atoi(text); err == nil {
			counts[name] = n
		}
	}
	return counts, nil
}
