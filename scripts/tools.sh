#!/usr/bin/env bash
# Installs what `make check` or `make test` needs and is not here yet.
#
# A part that cannot be had is reported loudly and its tests are skipped; with CI=true that is an error.
set -euo pipefail

# MinIO's upstream is archived and its downloads are withdrawn, but its Go module still builds. This is the
# last commit of the module; it runs as a separate process and only in tests.
MINIO_VERSION=v0.0.0-20260212201848-7aac2a2c5b7c
# MPL-2.0; a tool of the tests, in nothing that is shipped.
AXE_VERSION=4.14.1
# Apache-2.0; a tool of the tests, in nothing that is shipped.
AIOSMTPD_VERSION=1.4.6
# Apache-2.0; compiles the TypeScript client in the tests.
TYPESCRIPT_VERSION=5.9.3
# MIT; an identity provider to sign in at, a tool of the tests, in nothing that is shipped.
OIDC_PROVIDER_VERSION=9.13.3
# MIT; a tool of the tests, in nothing that is shipped.
SCHEMATHESIS_VERSION=4.32.5
CARGO_DENY_VERSION=0.20.2
CARGO_MACHETE_VERSION=0.9.2

cache=${XDG_CACHE_HOME:-$HOME/.cache}/acuse
mkdir -p "$cache/bin"
export PATH="$cache/bin:$PATH"

missing() {
  echo "==== MISSING: $1" >&2
  echo "====          $2" >&2
  [[ ${CI:-} != true ]] || exit 1
}

apt_updated=
apt_install() { # PACKAGE WHAT-IT-IS-FOR
  if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
    missing "Debian package $1" "$2; install it, or run as root where apt-get exists"
    return 0
  fi
  if [[ -z $apt_updated ]]; then
    apt-get update -qq || true
    apt_updated=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null || missing "Debian package $1" "$2"
}

cargo_tool() { # CRATE VERSION
  if [[ $("$cache/bin/$1" --version 2>/dev/null || true) != *"$2"* ]]; then
    echo "building $1 $2 (once)"
    # A debug build: these run for seconds, and building them is most of their cost.
    cargo install --quiet --locked --debug --no-default-features --root "$cache" \
      --target-dir "$cache/target" "$1@$2" || missing "$1" "cargo install $1@$2 failed"
  fi
}

case ${1:?check or test} in
  check)
    cargo_tool cargo-deny "$CARGO_DENY_VERSION"
    cargo_tool cargo-machete "$CARGO_MACHETE_VERSION"
    rm -rf "$cache/target"
    ;;
  test)
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ||
      apt_install postgresql "the suite runs on a throw-away PostgreSQL cluster"
    command -v chromium >/dev/null || apt_install chromium "the pages are looked at in a real browser"
    [[ -e $cache/axe/node_modules/axe-core/axe.min.js ]] ||
      npm install --silent --no-audit --no-fund --prefix "$cache/axe" "axe-core@$AXE_VERSION" 2>/dev/null ||
      missing "axe-core" "npm install failed; the pages' access is then not tested"
    [[ -e $cache/typescript/node_modules/typescript/bin/tsc ]] ||
      npm install --silent --no-audit --no-fund --prefix "$cache/typescript" "typescript@$TYPESCRIPT_VERSION" 2>/dev/null ||
      missing "TypeScript" "npm install failed; the TypeScript client is then not compiled"
    [[ -e $cache/oidc/node_modules/oidc-provider/package.json ]] ||
      npm install --silent --no-audit --no-fund --prefix "$cache/oidc" "oidc-provider@$OIDC_PROVIDER_VERSION" 2>/dev/null ||
      missing "oidc-provider" "npm install failed; signing in at an identity provider is then not tested"
    [[ -x $cache/smtp/bin/aiosmtpd ]] ||
      { python3 -m venv "$cache/smtp" && "$cache/smtp/bin/pip" install --quiet "aiosmtpd==$AIOSMTPD_VERSION"; } ||
      missing "aiosmtpd" "python3 -m venv or pip install failed; mail is then not tested"
    [[ -x $cache/schemathesis/bin/schemathesis ]] ||
      { python3 -m venv "$cache/schemathesis" &&
        "$cache/schemathesis/bin/pip" install --quiet "schemathesis==$SCHEMATHESIS_VERSION"; } ||
      missing "schemathesis" "python3 -m venv or pip install failed; the API is then not called from its description"
    command -v clamd >/dev/null || [[ -x /usr/sbin/clamd ]] ||
      apt_install clamav-daemon "originals are scanned by a real clamd, with one signature of our own"
    if ! command -v minio >/dev/null; then
      if command -v go >/dev/null || { apt_install golang-go "MinIO is built from its Go module"; command -v go >/dev/null; }; then
        echo "building MinIO $MINIO_VERSION from its module (once, some minutes)"
        GOFLAGS=-mod=mod GOBIN="$cache/bin" go install "github.com/minio/minio@$MINIO_VERSION" ||
          missing MinIO "go install failed; put a minio binary on PATH"
      else
        missing MinIO "put a minio binary on PATH, or install Go"
      fi
    fi
    ;;
  *) echo "usage: scripts/tools.sh check|test" >&2; exit 2 ;;
esac
