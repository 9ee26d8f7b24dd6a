package proxy

import (
	"fmt"
	"slices"

	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/proxy/admin"
	"github.com/wyeproxy/wye/proxy/config"
)

// userTable is the configured users with their secrets, read once.
type userTable struct {
	byName map[string]*knownUser
}

type knownUser struct {
	config *config.User
	secret auth.Secret
}

func newUserTable(cfg *config.Config) (*userTable, error) {
	t := &userTable{byName: make(map[string]*knownUser, len(cfg.Users))}
	for i := range cfg.Users {
		u := &cfg.Users[i]
		k := &knownUser{config: u}
		if text := u.Password.Reveal(); text != "" {
			secret, err := auth.ParseSecret(text)
			if err != nil {
				return nil, fmt.Errorf("users.%s.password: %w", u.Name, err)
			}
			k.secret = secret
		}
		t.byName[u.Name] = k
	}
	return t, nil
}

// user returns what the configuration says of a user, nil when nothing.
func (t *userTable) user(name string) *config.User {
	if k := t.byName[name]; k != nil {
		return k.config
	}
	return nil
}

// secret returns what a user's proof is checked against: the configured
// password, or what auth_query finds.
func (s *Server) secret(name string, c *cluster) (auth.Secret, error) {
	k := s.users.Load().byName[name]
	if k != nil && k.secret.Kind() != auth.KindUnknown {
		return k.secret, nil
	}
	var found auth.Secret
	if c != nil {
		var err error
		if found, err = c.lookUp(name); err != nil {
			return auth.Secret{}, err
		}
	}
	if k != nil && found.Kind() == auth.KindUnknown {
		return auth.NoPassword(), nil // known, by its certificate or by trust
	}
	return found, nil
}

// role returns what a user may do on the console.
func (s *Server) role(name string) admin.Role {
	console := s.config.Load().Admin.Console
	switch {
	case slices.Contains(console.Admins, name):
		return admin.Admin
	case slices.Contains(console.Viewers, name):
		return admin.Viewer
	}
	return admin.None
}

// isConsole reports whether a database name is the console's.
func isConsole(database string) bool { return database == "pgbouncer" || database == "wye" }
