package config

import (
	"reflect"
	"slices"
	"strings"
)

// urlParams says which setting of the cluster each parameter is. Those of pool
// are added from its struct: pool_size is pool.size.
var urlParams = func() map[string][]string {
	params := map[string][]string{
		"sslmode":          {"backend", "tls", "mode"},
		"sslrootcert":      {"backend", "tls", "ca"},
		"sslcert":          {"backend", "tls", "cert"},
		"sslkey":           {"backend", "tls", "key"},
		"sslnegotiation":   {"backend", "tls", "direct"},
		"connect_timeout":  {"backend", "connect_timeout"},
		"application_name": {"backend", "application_name"},
	}
	for _, f := range fieldsOf(reflect.TypeFor[Pool]()) {
		params["pool_"+f.key] = []string{"pool", f.key}
	}
	return params
}()

// tree makes the tree that a file with the same meaning would have given.
func (u *urlReader) tree() *node {
	leaf := func(p piece) *node { return &node{at: u.place(p.from), text: p.text} }
	root := &node{kind: mapNode, at: u.place(0)}
	cluster := &node{kind: mapNode, at: u.place(u.database.from)}
	user := &node{kind: mapNode, at: u.place(u.user.from)}
	root.put(cluster, "clusters", u.database.text)
	root.put(user, "users", u.user.text)
	user.put(leaf(u.password), "password")
	cluster.put(u.nodes(), "nodes")
	cluster.put(leaf(u.user), "backend", "user")
	cluster.put(leaf(u.password), "backend", "password")
	for _, p := range u.params {
		u.param(root, cluster, p[0], p[1])
	}
	return root
}

// param puts one parameter into the tree.
func (u *urlReader) param(root, cluster *node, key, value piece) {
	u.unescape(&value)
	v := &node{at: u.place(value.from), text: u.translate(key.text, value.text)}
	switch path, known := urlParams[key.text]; {
	case key.text == "listen":
		root.put(v, "listeners", "default", "bind")
	case key.text == "max_clients":
		root.put(v, "process", "max_clients")
	case key.text == "sslrootcert" && value.text == "system":
		cluster.put(&node{at: v.at, text: string(ServerVerifyFull)}, "backend", "tls", "mode")
	case known:
		cluster.put(v, path...)
	default:
		names := []string{"listen", "max_clients", "user", "password", "host", "port", "dbname"}
		for name := range urlParams {
			names = append(names, name)
		}
		slices.Sort(names)
		hint := didYouMean(key.text, names)
		if hint == "" {
			hint = "; it is one of " + strings.Join(names, ", ")
		} else {
			hint += "?"
		}
		u.errorf(u.place(key.from), "unknown parameter %s%s", show(key.text), hint)
	}
}

// translate turns libpq's words into those of the file.
func (u *urlReader) translate(key, value string) string {
	switch {
	case key == "sslmode" && value == "allow":
		return string(ServerPrefer)
	case key == "sslmode" && value == string(ServerRequire) && u.has("sslrootcert"):
		return string(ServerVerifyCA) // as libpq, when it is given a CA
	case key == "sslnegotiation" && value == "direct":
		return "true"
	case key == "sslnegotiation" && value == "postgres":
		return "false"
	case key == "connect_timeout" && intForm.MatchString(value) && value != "0":
		return value + "s"
	}
	return value
}

func (u *urlReader) has(key string) bool {
	return slices.ContainsFunc(u.params, func(p [2]piece) bool { return p[0].text == key && p[1].text != "system" })
}

// put sets the value at a path of keys, making the mappings on the way. A second
// value for the same path replaces the first, as in libpq.
func (n *node) put(value *node, keys ...string) {
	for i := range n.pairs {
		if n.pairs[i].key == keys[0] {
			if len(keys) == 1 {
				n.pairs[i].value = value
			} else {
				n.pairs[i].value.put(value, keys[1:]...)
			}
			return
		}
	}
	child := value
	if len(keys) > 1 {
		child = &node{kind: mapNode, at: value.at}
		child.put(value, keys[1:]...)
	}
	n.pairs = append(n.pairs, pair{keys[0], value.at, child})
}
