# shellcheck shell=bash
# What check-image.sh and check-archive.sh share: a Debian of nothing but the base system and the packages that the
# Dockerfile installs, entered as the image's user. They source this file and set `check`, the name in messages.
# shellcheck disable=SC2034,SC2154 # the variables belong to the scripts

mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

cannot() {
    echo "$check: this cannot be checked here: $*" >&2
    exit 3
}

# Runs the script again in its own mount namespace, so that nothing stays mounted, even after a failure.
in_namespace() {
    [ "$(id -u)" -eq 0 ] || cannot "making and entering a root file system needs root"
    command -v debootstrap >/dev/null || cannot "there is no debootstrap: apt-get install debootstrap"
    if [ "${CHECK_IN_NAMESPACE:-}" != yes ]; then
        CHECK_IN_NAMESPACE=yes exec unshare --mount --propagation private "$0" "$@"
    fi
}

# Sets `suite`, `packages`, `user` and `place` from the last stage of the Dockerfile.
read_dockerfile() {
    local stage
    stage=$(awk '/^FROM/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' Dockerfile)
    suite=$(sed -n 's/^FROM debian:\([a-z]*\)-slim$/\1/p' <<<"$stage")
    packages=$(sed -n 's/.*--no-install-recommends \(.*\) \\$/\1/p' <<<"$stage")
    user=$(sed -n 's/^USER //p' <<<"$stage")
    place=$(sed -n 's/^COPY --from=build [^ ]* //p' <<<"$stage")
    if [ -z "$suite" ] || [ -z "$packages" ] || [ -z "$user" ] || [ -z "$place" ]; then
        echo "$check: the Dockerfile's last stage is not as expected" >&2
        exit 1
    fi
}

# Makes the root file system in `root`, which is removed at the end.
make_root() {
    root=$(mktemp -d)
    processes=()
    trap finish EXIT
    echo "$check: Debian $suite with $packages"
    debootstrap --variant=minbase --include="${packages// /,}" "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
        tail -n 5 "$root.log" >&2
        cannot "debootstrap could not get Debian from $mirror"
    }
    # mktemp denies access to other users.
    chmod 0755 "$root"
}

finish() {
    local status=$? process
    for process in "${processes[@]}"; do if kill "$process" 2>/dev/null; then wait "$process" || true; fi; done
    if mountpoint --quiet "$root"; then umount --recursive "$root"; fi
    rm -rf --one-file-system "$root" "$root.log"
    exit "$status"
}

# As a container has it: /proc, /dev/null, a /tmp to write to, and all the rest read-only. Sets `inside`, the beginning of
# a command in there.
mount_root() {
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    [ -e "$root/dev/null" ] || touch "$root/dev/null"
    mount --bind /dev/null "$root/dev/null"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -o remount,bind,ro "$root"
    # Not a function: what runs in the background has to be the program itself, so that it gets the signals.
    inside=(chroot --userspec="$user" "$root" /usr/bin/env -i PATH=/usr/bin:/bin TMPDIR=/tmp)
}

# Fails if a program in the directory, a path in the root file system, needs a library that is missing.
check_libraries() {
    local program missing
    for program in "$root$1"/*; do
        [ -x "$program" ] || continue
        # Static ones have nothing to look for.
        missing=$("${inside[@]}" ldd "$1/${program##*/}" 2>&1 | grep 'not found' || true)
        if [ -n "$missing" ]; then
            echo "$check: $1/${program##*/} lacks libraries:" "$missing" >&2
            exit 1
        fi
    done
}
