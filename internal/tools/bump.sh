#!/usr/bin/env bash
# Moves the base of the distribution: bump.sh 0.159.0
#
# Rewrites the versions in builder-config.yaml, go.mod and internal/tools/go.mod. A module that the module proxy does not
# have at the new version stays where it is, and is named at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."

[[ ${1:-} =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "usage: make bump VERSION=0.159.0" >&2; exit 2; }
beta=v$1
core=go.opentelemetry.io/collector
manifest=builder-config.yaml

# Without direct: what the proxy does not have is then a clear no, not a long try elsewhere.
GOPROXY=$(go env GOPROXY)
export GOPROXY=${GOPROXY%,direct} GOFLAGS=-mod=mod

has() { go mod download -json "$1@$2" >/dev/null 2>&1; }

old=$(sed -n "s|.*gomod: $core/receiver/otlpreceiver ||p" "$manifest")
old_stable=$(sed -n "s|.*gomod: $core/confmap/provider/envprovider ||p" "$manifest")
# The stable modules count by themselves: the new beta says which of them it was made with.
stable=$(go mod download -json "$core/otelcol@$beta" | sed -n 's|.*"GoMod": "\(.*\)".*|\1|p' | xargs sed -n "s|^\s*$core/component \(v[^ ]*\).*|\1|p")
[ -n "$stable" ] || { echo "bump: the module proxy has no $core/otelcol $beta" >&2; exit 1; }
echo "base $old → $beta, stable modules $old_stable → $stable"

pinned=()
wanted=()
move() { # module, version now
	local new
	case $2 in v1.*) new=$stable ;; *) new=$beta ;; esac
	if has "$1" "$new"; then
		wanted+=("$1@$new")
		sed -i "s|gomod: $1 $2\$|gomod: $1 $new|" "$manifest"
	else
		pinned+=("$1 stays at $2")
	fi
}

while read -r module version; do
	move "$module" "$version"
done < <(sed -n 's|^ *- gomod: \([^ ]*\) \(v[^ ]*\)$|\1 \2|p' "$manifest" | grep -v '^github.com/holterhq/holter ')

# What go.mod names beyond the manifest: the Collector's own libraries.
while read -r module version; do
	move "$module" "$version"
done < <(go list -m -f '{{if not .Main}}{{.Path}} {{.Version}}{{end}}' all |
	grep -E "^($core|github.com/open-telemetry/opentelemetry-collector-contrib)(/| )" |
	grep -E " ($old|$old_stable)\$" | grep -vFf <(printf '%s\n' "${wanted[@]%@*}" | sed 's/$/ /'))

go get "${wanted[@]}"
(cd internal/tools && go get "$core/cmd/builder@$beta" "$core/cmd/mdatagen@$beta")
sed -i "s|base version ($old, stable modules $old_stable)|base version ($beta, stable modules $stable)|" "$manifest"

echo
if [ ${#pinned[@]} -gt 0 ]; then
	echo "left where they are, because the module proxy does not have them at the new version:"
	printf '  %s\n' "${pinned[@]}"
	echo "Say so beside each in $manifest, and look whether the reasons of the others still hold; look at its replaces too."
fi
