#!/bin/bash
# Builds stand-ins for the three images that docker-compose.yml and Dockerfile
# begin with, where no registry can be reached: Debian by debootstrap, from
# the mirror that this machine's apt uses; PostgreSQL from its packages; Go
# from this machine's own installation, with the modules of go.mod beside it,
# since a build in a container may not reach a module proxy either.
#
# It writes their names to .env, which docker-compose reads, so that `make up`
# uses them. Remove the three lines there to go back to the official images.
set -euo pipefail
cd "$(dirname "$0")/../.."
compose=$PWD/testdata/compose
began=$SECONDS

die() {
	echo "$*" >&2
	exit 1
}
[ "$(id -u)" = 0 ] || die "debootstrap needs root"
command -v debootstrap >/dev/null || die "missing: apt-get install debootstrap"
docker version >/dev/null || die "no Docker engine answers"

read -r mirror suite < <(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' 'Component: main' |
	grep -Ev -- '-(updates|security|backports)|debian-security' | head -n 1) || true
[ -n "${mirror:-}" ] || die "apt knows no Debian mirror on this machine"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/wye-image.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT

say() { printf '%4d s  %s\n' $((SECONDS - began)) "$*"; }

# quietly shows a command's output only when it fails.
quietly() {
	"$@" >"$work/log" 2>&1 || {
		tail -n 40 "$work/log" >&2
		die "failed: $*"
	}
}

# layer NAME PACKAGE...: a copy of base with more packages.
layer() {
	local root=$work/$1
	shift
	cp -a "$work/base" "$root"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no service starts here
	chmod 755 "$root/usr/sbin/policy-rc.d"
	quietly chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
	rm "$root/usr/sbin/policy-rc.d"
}

# import NAME TAG CHANGE...: a folder becomes an image.
import() {
	local root=$work/$1 tag=$2 changes=() c
	shift 2
	for c in "$@"; do changes+=(-c "$c"); done
	rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
	tar --numeric-owner -C "$root" -c . | docker import "${changes[@]}" - "$tag" >/dev/null
	say "$tag"
}

say "debootstrap $suite"
quietly debootstrap --variant=minbase --include=ca-certificates "$suite" "$work/base" "$mirror"

layer postgres postgresql
bin=$(cd "$work/postgres" && ls -d usr/lib/postgresql/*/bin)
major=$(basename "$(dirname "$bin")")
rm -rf "$work"/postgres/var/lib/postgresql/* "$work"/postgres/etc/postgresql/* # Debian's own cluster
mkdir "$work/postgres/docker-entrypoint-initdb.d"
install -m 755 "$compose/docker-entrypoint.sh" "$work/postgres/usr/local/bin/"
import postgres "wye-stand-in/postgres:$major" \
	"ENV PATH=/$bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "ENV LANG=C.UTF-8" \
	"ENV PGDATA=/var/lib/postgresql/data" "EXPOSE 5432" \
	'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]'
rm -rf "$work/postgres"

layer golang gcc libc6-dev
cp -a "$(go env GOROOT)" "$work/golang/usr/local/go"
here=$(go env GOMODCACHE)/cache/download
quietly env GOMODCACHE="$work/golang/go/pkg/mod" GOFLAGS=-modcacherw GOPROXY="file://$here,$(go env GOPROXY)" go mod download
version=$(go env GOVERSION)
import golang "wye-stand-in/golang:${version#go}" \
	"ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
	"ENV GOPATH=/go" "ENV GOTOOLCHAIN=local" "ENV GOPROXY=off"
rm -rf "$work/golang"

import base "wye-stand-in/debian:$suite"

touch .env
grep -vE '^(POSTGRES|GO|BASE)_IMAGE=' .env >"$work/env" || true
cat >>"$work/env" <<END
POSTGRES_IMAGE=wye-stand-in/postgres:$major
GO_IMAGE=wye-stand-in/golang:${version#go}
BASE_IMAGE=wye-stand-in/debian:$suite
END
cp "$work/env" .env
say "named in .env; make up uses them"
