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

declare -A was target # by module: the version now, and the one to move to
move() { # module, version now
	case $2 in v1.*) target[$1]=$stable ;; *) target[$1]=$beta ;; esac
	was[$1]=$2
	has "$1" "${target[$1]}" || unset "target[$1]"
}

# stay leaves behind every module that needs one which is not to be had.
stay() { # module version
	local module left=
	for module in "${!target[@]}"; do
		if [ "$module" = "$1" ] || grep -qF "$1 $2" "$(go list -m -f '{{.GoMod}}' "$module@${target[$module]}")"; then
			unset "target[$module]"
			left=yes
		fi
	done
	[ -n "$left" ]
}

wanted() { for module in "${!target[@]}"; do echo "$module@${target[$module]}"; done; }

while read -r module version; do
	move "$module" "$version"
done < <(sed -n 's|^ *- gomod: \([^ ]*\) \(v[^ ]*\)$|\1 \2|p' "$manifest" | grep -v '^github.com/holterhq/holter ')

# What go.mod names beyond the manifest: the Collector's own libraries.
while read -r module version; do
	move "$module" "$version"
done < <(go list -m -f '{{if not .Main}}{{.Path}} {{.Version}}{{end}}' all |
	grep -E "^($core|github.com/open-telemetry/opentelemetry-collector-contrib)(/| )" |
	grep -E " ($old|$old_stable)\$" | grep -vFf <(printf '%s \n' "${!was[@]}"))

until said=$(wanted | xargs go get 2>&1); do
	missing=$(grep -E '40[34]|not available|unknown revision' <<<"$said" | grep -oE '[a-z.]+/[^ @]+@v[^: ]+' | head -1)
	[ -n "$missing" ] && stay "${missing%@*}" "${missing#*@}" || { echo "$said" >&2; exit 1; }
	echo "$missing is not to be had: what needs it stays"
done
go list -deps -test ./... >/dev/null # adds the checksums of what the moved modules import
(cd internal/tools && go get "$core/cmd/builder@$beta" "$core/cmd/mdatagen@$beta")

# What stays may still have been lifted by what moved: go.mod has the last word.
left=
while read -r module now; do
	[ -n "${was[$module]:-}" ] || continue
	sed -i "s|gomod: $module ${was[$module]}\$|gomod: $module $now|" "$manifest"
	[ "$now" = "$beta" ] || [ "$now" = "$stable" ] || left+="  $module $now"$'\n'
done < <(go list -m -f '{{.Path}} {{.Version}}' all)
sed -i "s|($old, stable modules $old_stable)|($beta, stable modules $stable)|" "$manifest"

if [ -n "$left" ]; then
	echo "left where they are, because the module proxy does not have them, or what they need, at the new version:"
	printf '%s' "$left"
	echo "Say so beside those in $manifest, and look whether its other reasons and its replaces still hold."
fi
