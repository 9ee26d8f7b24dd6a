package main

import (
	"path"
	"strings"
)

// allowedSkip is a test that may be skipped without failing the run. A skip
// is a hole in what a green run promises, so each row says why the hole is
// there.
type allowedSkip struct {
	pkg  string // the end of its import path: "cmd/wye"
	test string // a pattern of path.Match: "TestCompose*"
	why  string
}

var allowed = []allowedSkip{
	{"cmd/wye", "TestCompose*", "needs a Docker engine and its clusters: WYE_TEST_COMPOSE=1 and make up"},
	{"proxy/httpproxy", "TestH2Spec", "needs h2spec, a tool that `make h2spec` builds and runs it with"},
	{"router/shardplan", "TestFixture", "the fixture is what PostgreSQL 15 says; other versions have other catalogs"},
}

func isAllowed(list []allowedSkip, n name) bool {
	for _, a := range list {
		if match, _ := path.Match(a.test, n.Test); match && strings.HasSuffix("/"+n.Package, "/"+a.pkg) {
			return true
		}
	}
	return false
}
