package admin

import (
	"context"
	"errors"
	"strconv"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// configFileError is errcodes.txt's config_file_error.
const configFileError = "F0000"

type (
	parser   = func(*session, *args) (*plan, error)
	act      = func(Control, context.Context) error
	actOn    = func(Control, context.Context, string) error
	presence bool
)

const (
	required presence = true
	optional presence = false
)

// quick makes an action on a database that does not wait fit the others.
func quick(do func(Control, string) error) actOn {
	return func(c Control, _ context.Context, database string) error { return do(c, database) }
}

// onDatabase reads a verb's database.
func onDatabase(tag string, needed presence, do actOn) parser {
	return func(_ *session, a *args) (*plan, error) {
		database, ok := a.name()
		if !ok && (needed == required || len(a.rest) > 0) {
			return nil, a.unexpected()
		}
		return verb(tag, func(c Control, ctx context.Context) error { return do(c, ctx, database.text) }), nil
	}
}

func plain(tag string, do act) parser {
	return func(*session, *args) (*plan, error) { return verb(tag, do), nil }
}

func verb(tag string, do act) *plan {
	return &plan{run: func(ctx context.Context, s *session) (answer, error) {
		return answer{tag: tag}, do(s.control, ctx)
	}}
}

func reload(c Control, _ context.Context) error { //nolint:revive // the order of every act
	err := c.Reload()
	var known *pgerror.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return pgerror.New(configFileError, "configuration not reloaded, the old one stays in force").WithDetail(err.Error())
}

func parseKillClient(_ *session, a *args) (*plan, error) {
	name, ok := a.name()
	if !ok {
		return nil, a.unexpected()
	}
	id, err := strconv.ParseUint(name.text, 10, 64)
	if err != nil || id == 0 {
		return nil, pgerror.Newf(pgerror.InvalidParameterValue, "invalid client id: %q", shorten(name.text)).
			WithHint("SHOW CLIENTS shows the ids in its last column.")
	}
	return verb("KILL_CLIENT", func(c Control, _ context.Context) error { return c.KillClient(id) }), nil
}

// parseFlush reads CACHE [<table>].
func parseFlush(_ *session, a *args) (*plan, error) {
	if !a.take("cache") {
		return nil, a.unexpected()
	}
	table, _ := a.name()
	return verb("FLUSH CACHE", func(c Control, _ context.Context) error { return c.FlushCache(table.text) }), nil
}

func parseShutdown(_ *session, a *args) (*plan, error) {
	mode := ShutdownNow
	switch {
	case a.take("wait_for_servers"):
		mode = ShutdownWaitForServers
	case a.take("wait_for_clients"):
		mode = ShutdownWaitForClients
	}
	return verb("SHUTDOWN", func(c Control, _ context.Context) error { return c.Shutdown(mode) }), nil
}
