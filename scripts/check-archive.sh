#!/usr/bin/env bash
# Shows that the archive of a release works where its README says: unpacks it in a Debian of nothing but the base system and
# the packages that the README names, and runs the programs there, as a user without rights.
#
# Usage: check-archive.sh ARCHIVE
#
# Exits with 3 and the reason if this machine does not support that.
set -euo pipefail
archive=$(realpath "$1")
cd "$(dirname "$0")/.."

check="check-archive"
# shellcheck source=scripts/debian-root.sh
. scripts/debian-root.sh
in_namespace "$archive"
read_dockerfile
make_root
mkdir "$root/opt/release"
tar --extract --gzip --no-same-owner --strip-components=1 --directory "$root/opt/release" --file "$archive"
place=/opt/release
if ! grep --quiet --fixed-strings --line-regexp "    apt-get install --no-install-recommends $packages" "$root$place/README.md"; then
    echo "$check: the archive's README names other packages than the Dockerfile" >&2
    exit 1
fi
# A debug build, as the tests pack it, does not have the Swift runtime in it.
runtime=$(ldd "$root$place/generalscaler" | sed -n 's/.* => \(.*\)\/libswiftCore\.so .*/\1/p')
if [ -n "$runtime" ]; then
    echo "$check: the programs are a debug build: this machine's Swift runtime is added"
    mkdir -p "$root$runtime"
    cp -a "$runtime"/*.so "$root$runtime/"
fi
mount_root
check_libraries "$place"

for program in generalscaler generalscaler-dev plugin-check; do "${inside[@]}" "$place/$program" --version; done
"${inside[@]}" "$place/generalscaler" validate -f - <<END
apiVersion: autoscaling.example.com/v1
kind: GeneralScaler
metadata: {name: web}
spec:
  targetDeployment: web
  maxReplicas: 3
  metrics: [{type: prometheus, config: {address: "http://prometheus:9090", query: vector(1)}, targetValue: 5}]
END
# Without a config: P-27 would need one that works.
for plugin in "$root$place"/generalscaler-plugin-*; do
    "${inside[@]}" "$place/plugin-check" test --skip P-27 "$place/${plugin##*/}" >"$root/tmp/report" || {
        cat "$root/tmp/report" >&2
        exit 1
    }
    echo "$check: ${plugin##*/}: $(grep --max-count=1 'rules passed' "$root/tmp/report")"
done
echo "$check: passed"
