#!/bin/sh
# Brings the OCR models into the user's data folder; called by `make models`, `make demo` and `make test`.
#
# They are PaddleOCR's PP-OCRv6 (small) as the wheel `rapidocr` carries them: Apache-2.0, copyright Baidu and the
# PaddleOCR authors. Nothing is fetched when they are there already with the right hashes. Run it again after an
# interruption: it starts the download over and never leaves half a file behind.
set -eu

version=3.10.0
wheel_sha=2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050
det=PP-OCRv6_det_small.onnx
det_sha=090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f
rec=PP-OCRv6_rec_small.onnx
rec_sha=6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884
notice=MODEL_LICENSES.md

dir=${ACUSE_MODELS_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/acuse/models}

fail() { echo "models: $*" >&2; exit 1; }
is() { [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]; }

if is "$dir/$det" "$det_sha" && is "$dir/$rec" "$rec_sha"; then
    echo "models: in place in $dir"
    exit 0
fi
command -v python3 >/dev/null || fail "python3 is needed to fetch the models (Debian: apt-get install python3 python3-pip)"
mkdir -p "$dir" || fail "cannot make $dir; set ACUSE_MODELS_DIR to a folder that can be written"
work=$(mktemp -d "$dir/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

# ACUSE_MODELS_WHEEL: a copy of the wheel that is at hand already, for machines without a network.
wheel=${ACUSE_MODELS_WHEEL:-}
if [ -z "$wheel" ]; then
    echo "models: fetching rapidocr $version from the Python package index (27 MB)"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir --only-binary :all: \
        --dest "$work" "rapidocr==$version" || fail "pip could not download rapidocr==$version; is the package index reachable?"
    wheel=$(ls "$work"/rapidocr-*.whl)
fi
is "$wheel" "$wheel_sha" || fail "$wheel is not the wheel we pinned (sha256 differs)"

python3 - "$wheel" "$work" "$det" "$rec" "$notice" <<'PY'
import os, shutil, sys, zipfile
wheel, work, *names = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.namelist():
        if os.path.basename(entry) in names:
            with archive.open(entry) as source, open(os.path.join(work, os.path.basename(entry)), "wb") as target:
                shutil.copyfileobj(source, target)
PY
is "$work/$det" "$det_sha" || fail "the detector in the wheel is not the one we pinned"
is "$work/$rec" "$rec_sha" || fail "the recogniser in the wheel is not the one we pinned"
for name in "$det" "$rec" "$notice"; do
    mv "$work/$name" "$dir/$name"
done
echo "models: placed in $dir (Apache-2.0, see $notice there)"
