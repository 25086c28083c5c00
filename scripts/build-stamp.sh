#!/bin/sh
# Writes BuildStamp.swift, the commit and the Swift version of a build. Sources/Tools/BuildStamp runs it.
# Usage: build-stamp.sh PACKAGE SWIFTC FILE
#
# GENERALSCALER_COMMIT is the commit of sources that come without a Git repository, as in a container's build context.
set -eu
package=$1
file=$3

commit=${GENERALSCALER_COMMIT:-}
# Not the commit of a repository that a source archive happens to be unpacked in.
if [ -z "$commit" ] && [ -e "$package/.git" ]; then
    commit=$(git -C "$package" rev-parse HEAD 2>/dev/null) || commit=
fi
# It becomes Swift source.
case $commit in *[!0-9a-f]*) commit= ;; esac
swift=$("$2" --version 2>/dev/null | sed -n 's/.*Swift version \([0-9A-Za-z.-]*\).*/\1/p' | head -n 1)

text="/// What this program is built from.
enum BuildStamp {
    /// The Git commit that was checked out, or \`unknown\`.
    static let commit = \"${commit:-unknown}\"
    /// The version of the compiler, or \`unknown\`.
    static let swift = \"${swift:-unknown}\"
}"
# A file that is written again, if only with the same text, is compiled again.
if [ "$(cat "$file" 2>/dev/null)" != "$text" ]; then printf '%s\n' "$text" >"$file"; fi
