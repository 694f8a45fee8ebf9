#!/usr/bin/env bash
# Reads the same files with the readers people would use instead, and with ours: `bench-read.sh DATA [COUNT]`.
#
# tesseract and OCRmyPDF come from Debian, RapidOCR and kreuzberg from the Python package index into a virtual
# environment in the user's cache. A reader that cannot be had is reported and left out. Run it again: what is
# installed stays.
set -euo pipefail

data=${1:?bench-read.sh DATA [COUNT]}
count=${2:-40}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/acuse
venv=$cache/bench-read
rapidocr=3.10.0
kreuzberg=4.10.4

if ! command -v tesseract >/dev/null || ! command -v ocrmypdf >/dev/null; then
  if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tesseract-ocr ocrmypdf >/dev/null || echo "bench-read: no tesseract or OCRmyPDF from Debian" >&2
  else
    echo "bench-read: tesseract and OCRmyPDF are left out; install tesseract-ocr and ocrmypdf to have them" >&2
  fi
fi
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/python" - <<PY || "$venv/bin/pip" install --quiet --disable-pip-version-check \
  "rapidocr==$rapidocr" onnxruntime "kreuzberg==$kreuzberg" || echo "bench-read: no RapidOCR or kreuzberg from PyPI" >&2
from importlib.metadata import version
assert version("rapidocr") == "$rapidocr" and version("kreuzberg") == "$kreuzberg"
PY

cargo build --locked --release --quiet -p acuse-server
target=${CARGO_TARGET_DIR:-target}
exec "$venv/bin/python" "$(dirname "$0")/bench_read.py" --data "$data" --count "$count" --acuse "$target/release/acuse"
