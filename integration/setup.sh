#!/usr/bin/env bash
# Installs what the integration tests talk to: Node with the packages of node/, Prometheus, Alertmanager, nginx, Caddy, PostgreSQL 15,
# and Chromium. Does nothing where all is there. Only a missing Node, PostgreSQL or Chromium needs root, and the templates of
# Alertmanager; without Chromium the tests of the page are skipped. Prometheus, Alertmanager, nginx and Caddy are unpacked into build/tools,
# not installed, and PostgreSQL is installed without a cluster, so that no service starts.
set -euo pipefail
cd "$(dirname "$0")"

tools=../build/tools
node_at_least=18.19

say() { echo "integration/setup.sh: $*"; }
fail() { say "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

refreshed=
refresh_packages() {
	[ -n "$refreshed" ] && return
	have apt-get || fail "apt-get is missing: install $1 by hand, then run this again"
	# Without root the lists that are there have to do.
	[ "$(id -u)" -ne 0 ] || apt-get update -qq
	refreshed=yes
}

node_is_recent() { [ "$(printf '%s\n' "$node_at_least" "$(node --version | tr -d v)" | sort -V | head -n 1)" = "$node_at_least" ]; }

if ! have node || ! have npm; then
	[ "$(id -u)" -eq 0 ] || fail "node and npm are missing: install nodejs and npm, or run this as root"
	refresh_packages "nodejs and npm"
	say "installing node and npm"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
fi
node_is_recent || fail "node $(node --version) is too old: the OpenTelemetry SDK needs $node_at_least or later"

# npm records what it installed beside the packages: installing again is needed only when the lock file is newer.
if [ ! node/node_modules/.package-lock.json -nt node/package-lock.json ]; then
	say "installing the packages of integration/node"
	(cd node && npm ci --no-progress)
	touch node/node_modules/.package-lock.json
fi

# A program in Go needs nothing but its package unpacked, and nginx nothing that is not everywhere.
unpack() {
	if have "$1" || [ -x "$tools/usr/bin/$1" ] || [ -x "/usr/sbin/$1" ] || [ -x "$tools/usr/sbin/$1" ]; then
		return
	fi
	refresh_packages "$1"
	say "unpacking $1 into build/tools"
	mkdir -p "$tools"
	(cd "$tools" && apt-get download -qq -o APT::Sandbox::User=root "$1" && dpkg -x "$1"_*.deb . && rm -f "$1"_*.deb) ||
		fail "$1 could not be downloaded: install it by hand, then run this again"
}
unpack prometheus
unpack prometheus-alertmanager
unpack nginx
unpack caddy

# Debian's Alertmanager reads its templates from this folder alone.
templates=/usr/share/prometheus/alertmanager
if [ ! -e "$templates/default.tmpl" ] && [ -e "$tools$templates/default.tmpl" ]; then
	if [ "$(id -u)" -eq 0 ]; then
		mkdir -p "$templates" && cp "$tools$templates"/*.tmpl "$templates"
	else
		say "$templates is missing, and putting it there needs root: the tests with Alertmanager will be SKIPPED" >&2
	fi
fi

postgres=/usr/lib/postgresql/15/bin
if [ ! -x "$postgres/postgres" ] || [ ! -x "$postgres/initdb" ]; then
	[ "$(id -u)" -eq 0 ] || fail "PostgreSQL 15 is missing: install postgresql-15, or run this as root"
	refresh_packages postgresql-15
	say "installing postgresql-15"
	if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
	fi
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold postgresql-15 >/dev/null
fi

if ! have chromium; then
	if [ "$(id -u)" -eq 0 ] && have apt-get; then
		refresh_packages chromium
		say "installing chromium"
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
			say "chromium could not be installed: the tests of the page will be SKIPPED" >&2
	else
		say "chromium is missing, and installing it needs root: the tests of the page will be SKIPPED" >&2
	fi
fi

say "node $(node --version), $( (have prometheus && prometheus --version || "$tools/usr/bin/prometheus" --version) 2>&1 | head -n 1)"
