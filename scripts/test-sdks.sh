#!/usr/bin/env bash
# Tests the SDKs in Python, Go and Node, sends the shared vectors to a plugin of each SDK, holds these plugins to the rules of
# the protocol, and builds the packages.
# Usage: test-sdks.sh DIRECTORY-OF-THE-BUILT-PROGRAMS PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$(realpath "$1")
python=$(realpath --no-symlinks "$2")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

echo "Python: tests, types, packages"
"$python" -m unittest discover --start-directory sdk/python/tests
"$python" -m mypy --strict --no-error-summary --cache-dir "$out/mypy" sdk/python/src
cp -r sdk/python "$out/python-package"
"$python" -m build --no-isolation --outdir "$out/packages" "$out/python-package" >"$out/build.log" 2>&1 || { cat "$out/build.log" >&2; exit 1; }

echo "Go: format, vet, tests"
export GOFLAGS=-mod=mod GOCACHE="$out/go-cache" GOPATH="$out/go"
unformatted=$(gofmt -l sdk/go)
[ -z "$unformatted" ] || { echo "run gofmt -w on: $unformatted" >&2; exit 1; }
(cd sdk/go && go vet ./... && go test ./... && go build -o "$out/vector-go" ./internal/vectorplugin)

echo "Node: tests, types, package"
node --test sdk/node/test/sdk.test.js </dev/null >"$out/node.log" 2>&1 || { cat "$out/node.log" >&2; exit 1; }
tsc --noEmit --strict --target es2022 --module node16 --moduleResolution node16 --lib es2022,dom sdk/node/test/types.ts
if command -v npm >/dev/null 2>&1; then (cd sdk/node && npm pack --silent --pack-destination "$out/packages" >/dev/null); fi
ls "$out/packages"

export PYTHONPATH=$PWD/sdk/python/src
for sdk in swift python go node; do
    case $sdk in
        swift) plugin=("$programs/vector-plugin") ;;
        python) plugin=("$python" sdk/python/tests/vector_plugin.py) ;;
        go) plugin=("$out/vector-go") ;;
        node) plugin=(node sdk/node/test/vector-plugin.js) ;;
    esac
    echo "Vectors, $sdk:"
    "$python" sdk/vectors/check.py "${plugin[@]}" 2>/dev/null
done

# Each as users install it: one executable in its own directory, next to the SDK, in the sandbox.
install_plugin() {
    mkdir -p "$out/$1"
    case $1 in
        swift) cp "$programs/vector-plugin" "$out/$1/generalscaler-plugin-vector" ;;
        go) cp "$out/vector-go" "$out/$1/generalscaler-plugin-vector" ;;
        python)
            cp -r sdk/python/src/generalscaler_plugin "$out/$1/"
            cp sdk/python/tests/vector_plugin.py "$out/$1/generalscaler-plugin-vector"
            ;;
        node)
            cp -r sdk/node "$out/$1/sdk"
            printf '#!/usr/bin/env node\nimport("./sdk/test/vector-plugin.js");\n' >"$out/$1/generalscaler-plugin-vector"
            ;;
    esac
    chmod +x "$out/$1/generalscaler-plugin-vector"
}
echo '{"value": 2.5, "token": "s3cr3t-token"}' >"$out/config.json"
echo '{"value": -1}' >"$out/bad-config.json"
for sdk in swift python go node; do
    install_plugin "$sdk"
    echo "plugin-check, $sdk:"
    if ! "$programs/plugin-check" test --config "$out/config.json" --bad-config "$out/bad-config.json" \
        "$out/$sdk/generalscaler-plugin-vector" >"$out/check.log" 2>&1; then
        cat "$out/check.log" >&2
        exit 1
    fi
    tail -1 "$out/check.log"
done
