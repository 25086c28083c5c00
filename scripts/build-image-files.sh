#!/bin/sh
# Builds what the image holds, for release and with the Swift runtime linked in, and puts it into a directory.
# Usage: build-image-files.sh DIRECTORY
set -eu
cd "$(dirname "$0")/.."

programs="generalscaler generalscaler-launch generalscaler-copy"
for plugin in Plugins/*; do programs="$programs generalscaler-plugin-${plugin#Plugins/}"; done
flags="--explicit-target-dependency-import-check error -c release --static-swift-stdlib"

# shellcheck disable=SC2086 # one word for each flag
for program in $programs; do swift build $flags --product "$program"; done
# shellcheck disable=SC2086
built=$(swift build $flags --show-bin-path)
mkdir -p "$1"
for program in $programs; do install -s -m 0755 "$built/$program" "$1/"; done
