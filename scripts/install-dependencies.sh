#!/bin/sh
# Installs the Debian packages that building, testing, the demo or linting needs and that are not installed yet.
# Usage: install-dependencies.sh build|demo|test|python|lint|image|runtime ...
set -eu

# Command-line tools count as present where the command is, wherever it came from; libraries where pkg-config or the
# package database knows them.
needs() {
    case $1 in
        build) echo "libcurl4-openssl-dev:lib:libcurl libhiredis-dev:lib:hiredis" \
            "libjemalloc-dev:lib:jemalloc libpq-dev:lib:libpq librdkafka-dev:lib:rdkafka zlib1g-dev:lib:zlib" \
            "pkg-config:cmd:pkg-config" ;;
        demo) echo "prometheus:cmd:prometheus redis-server:cmd:redis-server" ;;
        test)
            echo "prometheus:cmd:prometheus redis-server:cmd:redis-server redis-tools:cmd:redis-cli" \
                "postgresql:cmd:pg_ctlcluster python3:cmd:python3 python3-dev:cmd:python3-config openssl:cmd:openssl nodejs:cmd:node golang-go:cmd:go" \
                "node-typescript:cmd:tsc binutils:cmd:objdump jq:cmd:jq" \
                "rabbitmq-server:cmd:rabbitmq-server nats-server:cmd:nats-server chromium:cmd:chromium"
            ;;
        python) echo "python3:cmd:python3 python3-venv:py:ensurepip" ;;
        lint) echo "python3:cmd:python3 python3-venv:py:ensurepip shellcheck:cmd:shellcheck" ;;
        # What the image has and no development package brings along; an SBOM names its version.
        runtime) echo "ca-certificates:file:/etc/ssl/certs/ca-certificates.crt tzdata:file:/usr/share/zoneinfo/UTC" ;;
        image) echo "debootstrap:cmd:debootstrap" ;;
        *)
            echo "install-dependencies.sh: unknown group '$1'; use build, demo, test, python, lint, image or runtime" >&2
            exit 2
            ;;
    esac
}

purpose() {
    case $1 in
        libcurl4-openssl-dev) echo "HTTP, for the operator and the plugins" ;;
        libhiredis-dev) echo "the Redis protocol, for the redis plugin" ;;
        libpq-dev) echo "the client library of PostgreSQL, for the postgresql plugin" ;;
        librdkafka-dev) echo "the Kafka protocol, for the kafka plugin" ;;
        zlib1g-dev) echo "compression, for the keda plugin's gRPC" ;;
        libjemalloc-dev) echo "memory, for the operator" ;;
        pkg-config) echo "tells the Swift package manager where libcurl is" ;;
        prometheus) echo "the real metric source of the demo and the tests" ;;
        redis-server) echo "another one" ;;
        postgresql) echo "the real server of the postgresql plugin's tests" ;;
        rabbitmq-server | nats-server) echo "servers that the http plugin's recipes are tested on" ;;
        redis-tools) echo "fills and inspects it" ;;
        python3) echo "runs checks, and plugins written in Python" ;;
        python3-dev | binutils) echo "build the Python example as one directory" ;;
        golang-go) echo "builds and tests the Go SDK" ;;
        node-typescript) echo "checks the types of the Node SDK" ;;
        jq) echo "reads JSON in plugins written in Bash" ;;
        chromium) echo "the browser of the console's tests" ;;
        openssl) echo "makes the certificates of the TLS tests" ;;
        python3-venv) echo "keeps the Python packages of the checks and tests inside .build" ;;
        ca-certificates | tzdata) echo "a part of the image" ;;
        debootstrap) echo "makes a Debian of only the image's packages" ;;
        shellcheck) echo "checks the shell scripts" ;;
    esac
}

is_present() {
    case $2 in
        cmd) command -v "$3" >/dev/null 2>&1 ;;
        lib) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "$3" ;;
        file) [ -e "$3" ] ;;
        py) python3 -c "import $3" >/dev/null 2>&1 ;;
    esac
}

missing=
for group in "$@"; do
    list=$(needs "$group")
    for entry in $list; do
        package=${entry%%:*}
        probe=${entry#*:}
        case " $missing " in *" $package "*) continue ;; esac
        is_present "$package" "${probe%%:*}" "${probe#*:}" || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

echo "Missing packages:"
for package in $missing; do echo "  $package: $(purpose "$package")"; done

if ! command -v apt-get >/dev/null 2>&1; then
    echo "This system has no apt-get: install these, or what your system calls them, and run this again." >&2
    exit 1
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Installing them needs root and there is no sudo. As root, run: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "Installing them with apt-get${as_root:+ (through sudo)}; none of their services is started or enabled."

# Packages ask policy-rc.d whether they may start their services: 101 is no. It also keeps deb-systemd-invoke away.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"; }
log=$(mktemp)
# shellcheck disable=SC2086 # one word for each package
if ! { apt update && apt install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "apt-get could not install them; its output is above." >&2
    exit 1
fi
rm -f "$log"

# Installing also enables a service for the next boot.
for package in $missing; do
    case $package in
        prometheus | redis-server | postgresql | rabbitmq-server)
            $as_root update-rc.d "$package" disable ||
                echo "$package could not be disabled: it starts at the next boot."
            ;;
    esac
done
echo "Installed."
