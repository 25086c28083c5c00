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

mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
files=$(realpath "$1")
tools=$(realpath "$2")
examples=$(realpath "$3")

cannot() {
    echo "check-image: this cannot be checked here: $*" >&2
    exit 3
}

[ "$(id -u)" -eq 0 ] || cannot "making and entering a root file system needs root"
command -v debootstrap >/dev/null || cannot "there is no debootstrap: apt-get install debootstrap"

# The last stage of the Dockerfile is the only source of what is checked.
stage=$(awk '/^FROM/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' Dockerfile)
suite=$(sed -n 's/^FROM debian:\([a-z]*\)-slim$/\1/p' <<<"$stage")
packages=$(sed -n 's/.*--no-install-recommends \(.*\) \\$/\1/p' <<<"$stage")
user=$(sed -n 's/^USER //p' <<<"$stage")
place=$(sed -n 's/^COPY --from=build [^ ]* //p' <<<"$stage")
if [ -z "$suite" ] || [ -z "$packages" ] || [ -z "$user" ] || [ -z "$place" ]; then
    echo "check-image: the Dockerfile's last stage is not as expected" >&2
    exit 1
fi

root=$(mktemp -d)
processes=()
finish() {
    status=$?
    for process in "${processes[@]}"; do if kill "$process" 2>/dev/null; then wait "$process" || true; fi; done
    if mountpoint --quiet "$root"; then umount --recursive "$root"; fi
    rm -rf --one-file-system "$root" "$root.log"
    exit "$status"
}

# Its own mount namespace, so that nothing stays mounted, even after a failure.
if [ "${CHECK_IMAGE_IN_NAMESPACE:-}" != yes ]; then
    rmdir "$root"
    CHECK_IMAGE_IN_NAMESPACE=yes exec unshare --mount --propagation private "$0" "$@"
fi
trap finish EXIT

echo "check-image: Debian $suite with $packages"
debootstrap --variant=minbase --include="${packages// /,}" "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
    tail -n 5 "$root.log" >&2
    cannot "debootstrap could not get Debian from $mirror"
}
# mktemp denies access to other users.
chmod 0755 "$root"
mkdir -p "$root$place"
install -m 0755 "$files"/* "$root$place/"
# As the chart mounts them.
mkdir -p "$root/var/lib/generalscaler" "$root/etc/generalscaler"
cp -r "$examples" "$root/var/lib/generalscaler/plugins"
mv "$root/var/lib/generalscaler/plugins/plugins.yaml" "$root/etc/generalscaler/"
chmod -R a+rX "$root/var/lib/generalscaler" "$root/etc/generalscaler"

# As a container has it: /proc, /dev/null, a /tmp to write to, and all the rest read-only.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
[ -e "$root/dev/null" ] || touch "$root/dev/null"
mount --bind /dev/null "$root/dev/null"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -o remount,bind,ro "$root"

# Not a function: what runs in the background has to be the program itself, so that it gets the signals.
inside=(chroot --userspec="$user" "$root" /usr/bin/env -i PATH=/usr/bin:/bin TMPDIR=/tmp)

for program in "$files"/*; do
    program=$place/${program##*/}
    # Static ones have nothing to look for.
    missing=$("${inside[@]}" ldd "$program" 2>&1 | grep 'not found' || true)
    if [ -n "$missing" ]; then
        echo "check-image: $program lacks libraries that the image does not have:" "$missing" >&2
        exit 1
    fi
done
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
