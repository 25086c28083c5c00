#!/bin/sh
# Builds the tests with a sanitizer and runs them; what they start comes from the debug build.
# Usage: sanitize.sh thread|address [what `swift test` takes, such as --filter OperatorTests]
set -eu
cd "$(dirname "$0")/.."

sanitizer=$1
shift
build=.build/$sanitizer
flags="--explicit-target-dependency-import-check error --sanitize $sanitizer --scratch-path $build"

# shellcheck disable=SC2086 # one word for each flag
swift build $flags --build-tests
case $sanitizer in
    thread)
        clang -shared -fPIC -O2 -Wall -Wextra -Werror -o "$build/mutex.so" scripts/thread-sanitizer-mutex.c
        export LD_PRELOAD="$PWD/$build/mutex.so"
        # A race of another package's: hummingbird's HTTP/2 server, which only tests use.
        printf 'race:HummingbirdHTTP2\n' > "$build/suppressions"
        export TSAN_OPTIONS="suppressions=$PWD/$build/suppressions"
        ;;
    address)
        # Leaks of an operator are looked for in the fault simulation; those of a test are not.
        export ASAN_OPTIONS=detect_leaks=0
        ;;
    *) echo "sanitize.sh: thread or address" >&2; exit 2 ;;
esac
export GENERALSCALER_TEST_PROGRAMS="$PWD/.build/debug"
if [ $# -gt 0 ]; then
    # shellcheck disable=SC2086
    exec swift test $flags --skip-build --disable-xctest "$@"
fi
# A module at a time: beside a thousand others, a test would have passed its time limit before its turn came. The fault
# simulation has one thread, so the thread sanitizer has nothing to find in it.
failed=
for module in $(find Tests -mindepth 1 -maxdepth 1 -name '*Tests' ! -name ChartTests ! -name FaultSimulationTests -exec basename {} \; | sort); do
    echo "$module, $sanitizer sanitizer"
    # shellcheck disable=SC2086
    swift test $flags --skip-build --disable-xctest --filter "^$module\." || failed="$failed $module"
done
[ -z "$failed" ] || { echo "failed with the $sanitizer sanitizer:$failed" >&2; exit 1; }
