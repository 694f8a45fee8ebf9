#!/usr/bin/env bash
# Runs every fuzz target for so many seconds: `fuzz.sh SECONDS [TARGET…]`.
#
# With a nightly compiler and cargo-fuzz it is libFuzzer (SANITIZER=address|none, none by default: ours has no unsafe
# code, and the decoders' matters less behind the sandbox than speed); else the driver on the stable compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?seconds per target}
shift
targets=("${@:-}")
[[ -n ${targets[0]} ]] || targets=(webhook sniff image pdf xml mrz barcode csv)

corpus=fuzz/corpus/seeds
if [[ ! -d $corpus ]]; then
  cargo run --locked -q -p acuse-fixtures --example render -- "$corpus/samples" 60 7
  cargo run --locked -q -p acuse-fixtures --example render -- "$corpus/hostile" hostile
  cargo run --locked -q -p acuse-fixtures --example render -- "$corpus/demo" demo
  cp -r fixtures/webhooks "$corpus/webhooks"
fi

failed=()
if [[ ${FUZZ:-} != stable ]] && cargo +nightly --version >/dev/null 2>&1 && cargo fuzz --version >/dev/null 2>&1; then
  for target in "${targets[@]}"; do
    mkdir -p "fuzz/corpus/$target"
    features=(--features libfuzzer)
    [[ $target != csv ]] || features=(--features libfuzzer,server)
    cargo +nightly fuzz run --sanitizer "${SANITIZER:-none}" "${features[@]}" "$target" \
      "fuzz/corpus/$target" "$corpus" "fuzz/regressions/$target" -- \
      -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 || failed+=("$target")
  done
else
  echo "no nightly compiler with cargo-fuzz (cargo install cargo-fuzz): plain mutation on the stable one" >&2
  features=()
  [[ " ${targets[*]} " != *" csv "* ]] || features=(--features server)
  cargo build --manifest-path fuzz/Cargo.toml "${features[@]}" --bin mutate
  mutate=${CARGO_TARGET_DIR:-fuzz/target}/debug/mutate
  for target in "${targets[@]}"; do
    "$mutate" "$target" "$seconds" "$corpus" "fuzz/regressions/$target" || failed+=("$target")
  done
fi
[[ ${#failed[@]} == 0 ]] || { echo "findings in: ${failed[*]} (inputs under fuzz/artifacts)" >&2; exit 1; }
