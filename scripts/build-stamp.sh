#!/bin/sh
# Writes BuildStamp.swift, the commit and the Swift version of a build. Sources/Tools/BuildStamp runs it before each build.
# Usage: build-stamp.sh PACKAGE SWIFTC DIRECTORY
#
# GENERALSCALER_COMMIT is the commit of sources that come without a Git repository, as in a container's build context.
set -eu
package=$1
file=$3/BuildStamp.swift

# Not the repository that a source archive happens to be unpacked in.
commit=${GENERALSCALER_COMMIT:-}
if [ -z "$commit" ] && [ -e "$package/.git" ]; then
    # Without the locks, it does not disturb a git command that runs at the same time.
    commit=$(git --no-optional-locks -C "$package" describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null) || commit=
fi
# It becomes Swift source.
case ${commit%-dirty} in *[!0-9a-f]*) commit= ;; esac
swift=$("$2" --version 2>/dev/null | sed -n 's/.*Swift version \([0-9A-Za-z.-]*\).*/\1/p' | head -n 1)

text="/// What this program was built from.
enum BuildStamp {
    /// The Git commit, with \`-dirty\` after it if tracked files were changed, or \`unknown\`.
    static let commit = \"${commit:-unknown}\"
    /// The version of the compiler, or \`unknown\`.
    static let swift = \"${swift:-unknown}\"
}"
mkdir -p "$3"
# The same text with a new time would be compiled again.
if [ "$(cat "$file" 2>/dev/null)" != "$text" ]; then printf '%s\n' "$text" >"$file"; fi
