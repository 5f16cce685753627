#!/usr/bin/env bash
# Set up this checkout, and do nothing where all is in place.
#
#   scripts/setup.sh run     what the station needs: .venv, libzbar
#   scripts/setup.sh dev     what lint and types need: that, node_modules
#   scripts/setup.sh test    what the tests need: that, chromium, PostgreSQL, strace, certutil
#
# System packages come through apt where the user is root or may sudo without a password.
set -euo pipefail
cd "$(dirname "$0")/.."
WANTED=${1:?run, dev or test}
PYTHON=${PYTHON:-python3}
PY=.venv/bin/python

# Two set-ups at once would tear down each other's .venv. Closed (-o) for what apt may start.
if [ -z "${SETUP_LOCKED-}" ] && command -v flock >/dev/null; then
    SETUP_LOCKED=1 exec flock -o scripts/setup.sh scripts/setup.sh "$@"
fi

say() { printf '%s\n' "$*" >&2; }

give_up() {
    say "$*"
    exit 1
}

# --- system packages ------------------------------------------------------------------------

missing_packages() {
    "$PYTHON" -c 'import ensurepip' 2>/dev/null || echo python3-venv
    "$PYTHON" -c 'from ctypes.util import find_library as f; raise SystemExit(not f("zbar"))' ||
        echo libzbar0
    if [ "$WANTED" != run ]; then # the Node.js that comes from PyPI, and Playwright's, want it
        "$PYTHON" -c 'from ctypes.util import find_library as f; raise SystemExit(not f("atomic"))' ||
            echo libatomic1
    fi
    if [ "$WANTED" = test ]; then
        command -v chromium chromium-browser google-chrome >/dev/null ||
            echo chromium fonts-liberation
        compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
            command -v initdb >/dev/null || echo postgresql
        command -v strace >/dev/null || [ "$(uname)" != Linux ] || echo strace
        command -v certutil >/dev/null || [ "$(uname)" != Linux ] || echo libnss3-tools
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_apt() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

install_packages() {
    say "Installing $* (system packages) ..."
    {
        as_root dpkg --configure -a || true # an earlier apt may have been interrupted
        apt update || true
        apt install -y --no-install-recommends "$@" && return
        for package in "$@"; do # one that does not exist here must not keep the others out
            apt install -y --no-install-recommends "$package" || true
        done
    } >.setup.log 2>&1
}

system_packages() {
    local missing
    missing=$(missing_packages | xargs)
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086 # a list of words
    if may_apt; then install_packages $missing; fi
    missing=$(missing_packages | xargs)
    case " $missing " in
    "  ") ;;
    *" python3-venv "*)
        give_up "Please install $missing (Debian: apt-get install $missing) and try again."
        ;;
    *) say "Going on without $missing; to have everything: apt-get install $missing" ;;
    esac
}

# --- Python packages ------------------------------------------------------------------------

pip() {
    "$PY" -m pip --quiet --disable-pip-version-check --no-input "$@"
}

# Checksums instead of times: a stamp must survive a change of branch, and notice one.
checksum() {
    { cksum "$@" 2>/dev/null || true; } | cksum
}

is_stamped() {
    [ "$(cat ".venv/$1" 2>/dev/null)" = "$2" ]
}

virtual_environment() {
    local key
    key="$("$PYTHON" -c 'import sys; print(sys.version_info, sys.base_prefix)') in $PWD"
    is_stamped .made "$key" && [ ! -e .venv/.unfinished ] && return
    # Also after an interrupted pip: it may leave a package that looks installed and is not.
    rm -rf .venv
    "$PYTHON" -m venv .venv
    printf '%s' "$key" >.venv/.made
}

python_packages() {
    local lock=requirements.lock stamp=.run locks package
    locks=$(checksum requirements.lock requirements-dev.lock)
    package=$(checksum pyproject.toml hatch_build.py package-lock.json \
        silog_scan/translations/*/LC_MESSAGES/*.po)
    [ "$WANTED" = run ] || { lock=requirements-dev.lock stamp=.dev; }
    if ! is_stamped .dev "$locks" && ! is_stamped "$stamp" "$locks"; then
        say "Installing Python packages into .venv ..."
        : >.venv/.unfinished
        rm -f .venv/.run .venv/.dev
        pip install --require-hashes -r "$lock" ||
            give_up "The Python packages could not be installed; with a network, try again."
        printf '%s' "$locks" >".venv/$stamp"
    fi
    if ! is_stamped .package "$package"; then
        say "Building silog-scan and its front-end files ..."
        : >.venv/.unfinished
        pip install --no-deps -e . ||
            give_up "silog-scan could not be built; the reason stands above."
        printf '%s' "$package" >.venv/.package
    fi
    rm -f .venv/.unfinished
}

# --- npm packages: tools only, nothing of them is shipped --------------------------------------

npm_packages() {
    local wanted
    wanted=$(checksum package.json package-lock.json)
    [ "$(cat node_modules/.stamp 2>/dev/null)" = "$wanted" ] && return
    say "Installing the tools for pages and scripts into node_modules ..."
    PATH="$PWD/.venv/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
        --fetch-retry-maxtimeout=10000 >/dev/null ||
        give_up "The npm packages could not be installed; with a network, try again."
    printf '%s' "$wanted" >node_modules/.stamp
}

if ! "$PYTHON" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))'; then
    give_up "Please install Python 3.11 or newer, or name one: make $WANTED PYTHON=python3.12"
fi
system_packages
virtual_environment
python_packages
[ "$WANTED" = run ] || npm_packages
