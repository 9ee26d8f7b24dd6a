// Package drivertest does to a PostgreSQL address what applications do to it,
// through the drivers they use: the scripts of testdata/drivers for other
// languages, and pgx, lib/pq and GORM in Go.
//
// It owns the list of drivers, how each is started and how its version is
// asked. It never boots a server and never skips: a missing interpreter or
// package is a failure that names what to install. The same run goes to a
// plain PostgreSQL and to a wye in front of one; both must pass.
//
// When it breaks: the script prints FAILED with what it got and wanted; run it
// by hand with PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD set. A driver
// that passes on PostgreSQL and fails through wye has found a fault of wye.
package drivertest
