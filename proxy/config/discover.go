package config

// PoolDiscover is where the servers of a pool are listed, if not in this file.
// One of the places is given.
type PoolDiscover struct {
	File   string      `wye:"file" doc:"File with one server a line: \"host:port\", then weight=2, zone=b or name=x as wanted, and # before comments. Read again each second."`
	DNS    string      `wye:"dns" doc:"Host whose A and AAAA records are the servers, or service as \"_redis._tcp.example.com\", whose SRV records are, with their ports and weights. Asked again when its time to live is over, at least each 5 minutes."`
	Port   int         `wye:"port" min:"1" max:"65535" derived:"required with dns of a host" doc:"Port of the servers of a host."`
	Server string      `wye:"resolver" check:"host" derived:"those of /etc/resolv.conf" doc:"Name server to ask: \"host:53\"."`
	Etcd   *PoolEtcd   `wye:"etcd"`
	Consul *PoolConsul `wye:"consul"`
}

// PoolEtcd lists servers in etcd.
type PoolEtcd struct {
	URLs     []string `wye:"urls,required" doc:"Members of the etcd cluster, as \"http://etcd1:2379\"; tried in turn."`
	Prefix   string   `wye:"prefix,required" doc:"Each key that begins so holds one server: a line as in a file, or the JSON of etcd's gRPC naming. Watched."`
	User     string   `wye:"user" doc:"Who logs in to etcd; absent: nobody does."`
	Password Secret   `wye:"password" doc:"That user's password."`
}

// PoolConsul lists servers in Consul.
type PoolConsul struct {
	URL        string `wye:"url" default:"http://127.0.0.1:8500" doc:"A Consul agent."`
	Service    string `wye:"service,required" doc:"Service whose passing instances are the servers. Watched by blocking queries."`
	Tag        string `wye:"tag" doc:"Only instances with this tag."`
	Datacenter string `wye:"datacenter" derived:"the agent's" doc:"Where the service is."`
	Token      Secret `wye:"token" doc:"Token that may read the service."`
}

// places are the kinds that are given, in their words.
func (x *PoolDiscover) places() (given []string) {
	for _, p := range []struct {
		key string
		is  bool
	}{{"file", x.File != ""}, {"dns", x.DNS != ""}, {"etcd", x.Etcd != nil}, {"consul", x.Consul != nil}} {
		if p.is {
			given = append(given, p.key)
		}
	}
	return given
}
