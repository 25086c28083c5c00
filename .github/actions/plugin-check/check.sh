#!/usr/bin/env bash
# Checks a plugin and writes a JUnit report. Takes what action.yml puts into the environment; exits as plugin-check does.
set -euo pipefail

options=()
if [ -n "${CONFIG:-}" ]; then options+=(--config "$CONFIG"); fi
if [ -n "${BAD_CONFIG:-}" ]; then options+=(--bad-config "$BAD_CONFIG"); fi
if [ "${ONESHOT:-false}" = true ]; then options+=(--oneshot); fi
if [ "${REQUIRE_VALUE:-true}" = true ]; then options+=(--require-value); fi
if [ -n "${SKIP:-}" ]; then options+=(--skip "$SKIP"); fi
read -r -a arguments <<<"${ARGUMENTS:-}"
command=("$PROGRAMS/plugin-check" test "${options[@]}")
plugin=("$(realpath "$PLUGIN")" -- "${arguments[@]}")

status=0
"${command[@]}" --format junit "${plugin[@]}" >"$REPORT" || status=$?
# A reader of the log sees what is broken and how to fix it; a plugin that keeps every rule is not checked twice.
if [ "$status" -ne 0 ]; then
    "${command[@]}" "${plugin[@]}" || true
    echo "::error::plugin-check: $PLUGIN does not keep the rules of the plugin protocol (exit status $status); the report is above"
fi
exit "$status"
