#!/usr/bin/env bash
# Runs every fuzz target for so many seconds: `fuzz.sh SECONDS [TARGET…]`; a line each: what ran, how long, findings.
# Fails when there is a finding, or when a target did not run.
#
# With a nightly compiler and cargo-fuzz it is libFuzzer (SANITIZER=address|none, none by default: ours has no unsafe
# code, and the decoders' matters less behind the sandbox than speed); else the driver on the stable compiler. Built as
# for development: there the decoders are optimized and ours checks its arithmetic.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?seconds per target}
shift
targets=("${@:-}")
[[ -n ${targets[0]} ]] || targets=(webhook sniff image pdf xml einvoice signed mrz barcode csv)

# Documents to begin with, sorted by who reads them; drawn once, for a minute.
drawn=fuzz/corpus/drawn
if [[ ! -d $drawn ]]; then
  render=(cargo run --locked -q -p acuse-fixtures --example render --)
  rm -rf "$drawn.new"
  "${render[@]}" "$drawn.new/samples" 60 7 >/dev/null
  "${render[@]}" "$drawn.new/hostile" hostile >/dev/null
  "${render[@]}" "$drawn.new/demo" demo >/dev/null
  # Drawn for minutes: the sandbox's clock ends it, nothing within this process can.
  rm "$drawn.new/hostile/endless-page.pdf"
  find "$drawn.new" -type f | while read -r file; do
    case ${file,,} in
      *.pdf) reader=pdf ;;
      *.xml | *.zip) reader=xml ;;
      *.jp*g | *.png | *.webp | *.gif | *.tif* | *.hei* | *.avif | *.bmp | *.mpo) reader=image ;;
      *) reader=other ;;
    esac
    mkdir -p "$drawn.new/by-reader/$reader"
    mv "$file" "$drawn.new/by-reader/$reader/$(basename "$(dirname "$file")")-$(basename "$file")"
  done
  mv "$drawn.new/by-reader" "$drawn"
  rm -r "$drawn.new"
fi

# Where a target begins, and the longest input that is worth its time, bytes.
seeds_of() {
  case $1 in
    webhook) echo fixtures/webhooks ;;
    sniff) echo "$drawn" ;;
    image | pdf | xml) echo "$drawn/$1" ;;
    einvoice) echo pipeline/src/understand/formats/einvoice/samples ;;
    signed) echo pipeline/src/signature/samples ;;
    *) echo "fuzz/seeds/$1" ;;
  esac
}
longest() {
  case $1 in
    image | pdf) echo 262144 ;;
    mrz | barcode) echo 4096 ;;
    *) echo 65536 ;;
  esac
}

# The newest input that libFuzzer kept, if this run kept any.
kept() {
  find "fuzz/artifacts/$1" -type f -newer "$2" \( -name 'crash-*' -o -name 'oom-*' -o -name 'timeout-*' \) | sort | tail -1
}

libfuzzer() {
  local target=$1 log=fuzz/artifacts/$1/log features=libfuzzer status=0 runs input
  [[ $target != csv ]] || features=libfuzzer,server
  mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
  local options=(--dev --sanitizer "${SANITIZER:-none}" --features "$features")
  if ! cargo +nightly fuzz build "${options[@]}" "$target" &>"$log"; then
    tail -n 30 "$log" >&2
    printf '%-8s  did not build\n' "$target"
    return 1
  fi
  local begun=$SECONDS mark
  mark=$(mktemp)
  cargo +nightly fuzz run "${options[@]}" "$target" "fuzz/corpus/$target" "$(seeds_of "$target")" "fuzz/regressions/$target" -- \
    -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 -max_len="$(longest "$target")" -print_final_stats=1 \
    &>"$log" || status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  input=$(kept "$target" "$mark")
  rm -f "$mark"
  printf '%-8s  %9s executions  %4d s  %s\n' "$target" "${runs:-?}" $((SECONDS - begun)) \
    "$( ((status == 0)) && echo "0 findings" || echo "1 FINDING, stopped there: ${input:-see $log}")"
  return "$status"
}

failed=()
if [[ ${FUZZ:-} != stable ]] && cargo +nightly --version &>/dev/null && cargo fuzz --version &>/dev/null; then
  for target in "${targets[@]}"; do
    mkdir -p "fuzz/regressions/$target"
    libfuzzer "$target" || failed+=("$target")
  done
else
  echo "no nightly compiler with cargo-fuzz (cargo install cargo-fuzz): plain mutation on the stable one" >&2
  features=()
  [[ " ${targets[*]} " != *" csv "* ]] || features=(--features server)
  cargo build --manifest-path fuzz/Cargo.toml "${features[@]}" --bin mutate
  mutate=${CARGO_TARGET_DIR:-fuzz/target}/debug/mutate
  for target in "${targets[@]}"; do
    "$mutate" "$target" "$seconds" "$(seeds_of "$target")" "fuzz/regressions/$target" || failed+=("$target")
  done
fi
[[ ${#failed[@]} == 0 ]] || { echo "not clean: ${failed[*]} (inputs and logs under fuzz/artifacts)" >&2; exit 1; }
