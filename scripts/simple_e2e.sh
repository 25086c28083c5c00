#!/usr/bin/env bash
# From end to end, in a minute and without a cluster: checks every manifest and example, loads every plugin and every policy,
# and runs the operator against a simulated cluster until it has scaled something.
#
# Usage: simple_e2e.sh [BUILD_DIRECTORY]   (default: .build/debug)
set -euo pipefail
cd "$(dirname "$0")/.."

build=$(realpath "${1:-.build/debug}")
python=.build/python/bin/python
# The newest that the project is held to.
kubernetes=1.36.0
directory=$(mktemp -d)
processes=()

finish() {
    status=$?
    # One that has ended already is no longer there.
    for process in "${processes[@]}"; do if kill "$process" 2>/dev/null; then wait "$process" || true; fi; done
    if [ "$status" -ne 0 ]; then
        for log in "$directory"/*.log; do
            if [ -s "$log" ]; then echo "--- $log" && tail -n 20 "$log"; fi
        done >&2
        echo "simple_e2e: failed" >&2
    fi
    rm -rf "$directory"
    exit "$status"
}
trap finish EXIT

step() { echo "== $*"; }

# Runs the command until it succeeds; shows its last output if it does not succeed within a minute.
until_true() {
    local end=$((SECONDS + 60))
    until "$@" >"$directory/last.log" 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "simple_e2e: this did not come true in a minute: $*" >&2
            return 1
        fi
        sleep 0.2
    done
}

step "Manifests"
"$python" scripts/check-manifests.py "$kubernetes" deploy/*.yaml examples/*/deployment.yaml

step "Examples"
cat >"$directory/plugins.yaml" <<END
plugins:
  prometheus: {defaults: {address: "http://prometheus.invalid:9090"}}
  weekday: {mode: oneshot, argv: [$PWD/examples/plugins/bash/generalscaler-plugin-weekday]}
END
scalers=()
while IFS= read -r file; do scalers+=("$file"); done < <(grep -rlE '^kind: GeneralScaler$' examples --include='*.yaml' | sort)
"$build/generalscaler" validate --plugins-config "$directory/plugins.yaml" -f "${scalers[@]}"

step "Plugins"
for plugin in "$build"/generalscaler-plugin-*; do
    if [ ! -f "$plugin" ] || [ ! -x "$plugin" ]; then continue; fi
    config=examples/plugin-configs/${plugin##*generalscaler-plugin-}/good.json
    if [ -f "$config" ]; then arguments=(--config "$config"); else arguments=(); fi
    "$build/plugin-check" call --method initialize "${arguments[@]}" "$plugin" >"$directory/plugin.log"
    echo "${plugin##*/}: loaded"
done
"$build/plugin-check" call --method initialize "$build/random-plugin" >"$directory/plugin.log"
echo "random-plugin: loaded"
"$build/plugin-check" call --oneshot --method initialize examples/plugins/bash/generalscaler-plugin-weekday >"$directory/plugin.log"
echo "generalscaler-plugin-weekday: loaded"

step "Policies"
for policy in '{"type":"slo"}' '{"type":"cost","config":{"costPerPodPerHour":0.1,"maxCostPerHour":0.4}}'; do
    "$build/generalscaler" decide <<END | tee "$directory/decision.json" | "$python" -c \
        'import json, sys; print(json.load(sys.stdin)["reason"])'
{"spec": {"targetDeployment": "web", "maxReplicas": 10, "metrics": [{"type": "prometheus", "targetValue": 100}], "policy": $policy},
 "now": "2026-01-01T00:00:00Z", "replicas": {"current": 2}, "readings": [{"name": "prometheus", "value": 350}]}
END
done

step "Operator"
"$build/generalscaler-dev" cluster --listen 127.0.0.1:0 --startup-delay 0 --kubeconfig-out "$directory/kubeconfig" \
    >"$directory/cluster.log" 2>&1 &
processes+=($!)
until_true grep -q 'listening on' "$directory/cluster.log"
server=$(sed -n 's/^listening on //p' "$directory/cluster.log")

# request METHOD PATH [FILE]: a request to the API server, with a YAML body if there is a file.
request() {
    "$python" - "$1" "$server$2" "${3:-}" <<'END'
import sys, urllib.request
method, url, file = sys.argv[1:]
body = open(file, "rb").read() if file else None
request = urllib.request.Request(url, body, {"Content-Type": "application/yaml"}, method=method)
try:
    print(urllib.request.urlopen(request, timeout=10).read().decode())
except urllib.error.HTTPError as error:
    sys.exit(f"{method} {url}: {error.read().decode()}")
END
}

request POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions deploy/crd.yaml >"$directory/request.log"
# The first of the file's documents: the Deployment.
sed '/^---$/,$d' examples/http-app/deployment.yaml >"$directory/deployment.yaml"
request POST /apis/apps/v1/namespaces/default/deployments "$directory/deployment.yaml" >"$directory/request.log"
# On every day of the week this asks for more replicas than there are.
cat >"$directory/scaler.yaml" <<END
apiVersion: autoscaling.example.com/v1
kind: GeneralScaler
metadata: {name: web}
spec:
  targetDeployment: http-app
  maxReplicas: 5
  pollingIntervalSeconds: 1
  metrics: [{type: weekday, config: {}, targetValue: 0.1, targetType: AverageValue}]
END
request POST /apis/autoscaling.example.com/v1/namespaces/default/generalscalers "$directory/scaler.yaml" >"$directory/request.log"
"$build/generalscaler" run --kubeconfig "$directory/kubeconfig" --listen 127.0.0.1:0 \
    --plugins-config "$directory/plugins.yaml" >"$directory/operator.log" 2>&1 &
operator=$!
processes+=("$operator")

has_scaled() {
    request GET /apis/apps/v1/namespaces/default/deployments/http-app |
        "$python" -c 'import json, sys; sys.exit(json.load(sys.stdin)["spec"]["replicas"] != 5)'
}
until_true has_scaled
until_true grep -q '"audit":"decision"' "$directory/operator.log"
"$build/generalscaler" explain web -n default --kubeconfig "$directory/kubeconfig"
kill -TERM "$operator"
wait "$operator"
echo "simple_e2e: passed"
