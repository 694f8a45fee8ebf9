#!/usr/bin/env bash
# Runs a command with a throw-away PostgreSQL cluster, which ACUSE_TEST_POSTGRES names to it.
set -euo pipefail

bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1 || true)
[[ -n $bin ]] || bin=$(dirname "$(command -v initdb)")
folder=$(mktemp -d /tmp/acuse-with-pg-XXXXXX)
as=()
if [[ $(id -u) == 0 ]]; then
  # PostgreSQL refuses to run as root; Debian's package brings the account.
  chown postgres "$folder"
  as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd "$folder" && "${as[@]}" "$bin/initdb" -A trust -U acuse -E UTF8 --locale=C --no-sync -D "$folder/data" >/dev/null)
(cd "$folder" && exec "${as[@]}" "$bin/postgres" -D "$folder/data" -p "$port" -h 127.0.0.1 -k "$folder" \
  -c max_connections=300 -c fsync=off >"$folder/log" 2>&1) &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 600); do
  "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" -U acuse && break
  sleep 0.1
done
ACUSE_TEST_POSTGRES=postgres://acuse@127.0.0.1:$port "$@"
