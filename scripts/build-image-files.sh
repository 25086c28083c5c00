#!/bin/sh
# Builds what the image holds, and further programs, for release and with the Swift runtime linked in, and puts them into a
# directory.
# Usage: build-image-files.sh DIRECTORY [PROGRAM ...]
set -eu
cd "$(dirname "$0")/.."

directory=$1
shift
programs="generalscaler generalscaler-launch generalscaler-copy $*"
for plugin in Plugins/*; do programs="$programs generalscaler-plugin-${plugin#Plugins/}"; done
flags="--explicit-target-dependency-import-check error -c release --static-swift-stdlib"

# shellcheck disable=SC2086 # one word for each flag
for program in $programs; do swift build $flags --product "$program"; done
# shellcheck disable=SC2086
built=$(swift build $flags --show-bin-path)
mkdir -p "$directory"
for program in $programs; do install -s -m 0755 "$built/$program" "$directory/"; done
