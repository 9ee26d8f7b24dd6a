package leakcheck

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// side is one connection and what it heard besides its results.
type side struct {
	conn  *pgconn.PgConn
	heard []string // notices and notifications since the last step
}

func open(ctx context.Context, url string, startup map[string]string) (*side, error) {
	cfg, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	for k, v := range startup {
		cfg.RuntimeParams[k] = v
	}
	s := &side{}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { s.heard = append(s.heard, "notice "+n.Code) }
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		s.heard = append(s.heard, "notification "+n.Channel+" "+n.Payload)
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	if s.conn, err = pgconn.ConnectConfig(ctx, cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// reported are the settings that a server tells its client about.
var reported = []string{"application_name", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone",
	"standard_conforming_strings", "default_transaction_read_only", "is_superuser", "session_authorization"}

// outcome is everything a client can notice of a step, as text.
func (s *side) outcome(ctx context.Context, st step) string {
	var out strings.Builder
	s.heard = nil
	st.run(ctx, s.conn, &out)
	for _, h := range s.heard {
		fmt.Fprintln(&out, h)
	}
	fmt.Fprintf(&out, "status %c\n", s.conn.TxStatus())
	for _, name := range reported {
		fmt.Fprintf(&out, "reported %s=%s\n", name, s.conn.ParameterStatus(name))
	}
	return out.String()
}

// writeResult prints one result. Messages of errors are left out: a pooler
// may have to name a statement otherwise.
func writeResult(out *strings.Builder, r *pgconn.Result) {
	for _, row := range r.Rows {
		for _, v := range row {
			if v == nil {
				out.WriteString("null|")
			} else {
				fmt.Fprintf(out, "%s|", v)
			}
		}
		out.WriteByte('\n')
	}
	if r.Err == nil {
		fmt.Fprintf(out, "%s\n", r.CommandTag)
	} else {
		writeError(out, r.Err)
	}
}

func writeError(out *strings.Builder, err error) {
	var p *pgconn.PgError
	switch {
	case err == nil:
	case errors.As(err, &p):
		fmt.Fprintf(out, "%s %s\n", p.Severity, p.Code)
	default:
		fmt.Fprintf(out, "broken: %v\n", err)
	}
}

// fromServer tells an ErrorResponse from a connection that is no more.
func fromServer(err error) bool {
	var p *pgconn.PgError
	return errors.As(err, &p) && p.Severity != "FATAL"
}
