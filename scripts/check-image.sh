#!/usr/bin/env bash
# Shows without a container engine that the image's runtime stage has what the operator needs: makes a Debian of nothing
# but the base system and the packages that the Dockerfile installs, and runs the operator and its plugins in it, as the
# image's user, on a file system that can only be read.
#
# Usage: check-image.sh DIRECTORY GENERALSCALER_DEV EXAMPLES
# DIRECTORY contains the files that build-image-files.sh made. GENERALSCALER_DEV, which is not in the image, serves the cluster.
# EXAMPLES is what example_images.py made.
#
# Exits with 3 and the reason if this machine does not support that.
set -euo pipefail
cd "$(dirname "$0")/.."

check="check-image"
# shellcheck source=scripts/debian-root.sh
. scripts/debian-root.sh
in_namespace "$@"
files=$(realpath "$1")
tools=$(realpath "$2")
examples=$(realpath "$3")

# The last stage of the Dockerfile is the only source of what is checked.
read_dockerfile
make_root
mkdir -p "$root$place"
install -m 0755 "$files"/* "$root$place/"
# As the chart mounts them.
mkdir -p "$root/var/lib/generalscaler" "$root/etc/generalscaler"
cp -r "$examples" "$root/var/lib/generalscaler/plugins"
mv "$root/var/lib/generalscaler/plugins/plugins.yaml" "$root/etc/generalscaler/"
chmod -R a+rX "$root/var/lib/generalscaler" "$root/etc/generalscaler"

mount_root
check_libraries "$place"
"${inside[@]}" "$place/generalscaler" help >/dev/null

# The operator in there, against a simulated cluster out here: every plugin has to come up, confined.
"$tools" cluster --listen 127.0.0.1:0 --kubeconfig-out "$root/tmp/kubeconfig" >"$root/tmp/cluster.log" 2>&1 &
cluster=$!
processes+=("$cluster")
until grep -q 'listening on' "$root/tmp/cluster.log"; do kill -0 "$cluster"; sleep 0.2; done
chmod 0644 "$root/tmp/kubeconfig"
"${inside[@]}" "$place/generalscaler" run --kubeconfig /tmp/kubeconfig --listen 127.0.0.1:0 \
    --plugins-config /etc/generalscaler/plugins.yaml >"$root/tmp/operator.log" 2>&1 &
operator=$!
processes+=("$operator")
plugins=(weekday minute hour random)
for plugin in Plugins/*; do plugins+=("${plugin#Plugins/}"); done
# Node's own programs need only files of the image. Debian's program, which may replace them here, needs more.
if "${inside[@]}" ldd /var/lib/generalscaler/plugins/http-json/bin/node | grep -q 'not found'; then
    echo "check-image: http-json is not checked, since this machine's node is another one than that of its Dockerfile"
else
    plugins+=(http-json)
fi
for plugin in "${plugins[@]}"; do
    end=$((SECONDS + 60))
    until grep -q "plugin=$plugin .*plugin is up" "$root/tmp/operator.log"; do
        if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$operator" 2>/dev/null; then
            cat "$root/tmp/operator.log" >&2
            echo "check-image: the plugin $plugin did not come up" >&2
            exit 1
        fi
        sleep 0.2
    done
    echo "check-image: $plugin is up"
done
kill -TERM "$operator"
wait "$operator"
size=$(du -sm "$root" --exclude=proc --exclude=tmp | cut -f1)
echo "check-image: passed, as user $user; the root file system has $size MiB"
