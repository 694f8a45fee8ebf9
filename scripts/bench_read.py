"""Times several readers on the same files and counts the true totals and dates in what they read.

Every reader gets each core: as many single-threaded workers as there are cores, each file handed to one of them,
models loaded before the clock starts. A "total in text" is the true total, written in any of the usual ways,
standing in the text: the most that any extraction from that text could reach. Ours is also counted by the fields
it answers, which is harder: it must have chosen them.
"""

import argparse
import csv
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from datetime import date
from pathlib import Path

PICTURES = {".jpg", ".jpeg", ".png"}
CORES = os.cpu_count() or 1
FILE_LIMIT_SECS = 120


def tesseract_init():
    os.environ["OMP_THREAD_LIMIT"] = "1"


def tesseract(path):
    # Page segmentation 6 read receipts best; English alone, because each more language is slower and the digits are the same.
    command = ["tesseract", str(path), "-", "--psm", "6", "-l", "eng"]
    return subprocess.run(command, capture_output=True, text=True, timeout=FILE_LIMIT_SECS).stdout


def ocrmypdf(path):
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        command = ["ocrmypdf", "--quiet", "--jobs", "1", "--image-dpi", "200", "--output-type", "pdf", "--rotate-pages",
                   "--sidecar", str(text), str(path), str(Path(folder) / "out.pdf")]
        subprocess.run(command, capture_output=True, timeout=FILE_LIMIT_SECS)
        return text.read_text() if text.exists() else ""


ENGINE = None


def rapidocr_init():
    global ENGINE
    from rapidocr import RapidOCR
    ENGINE = RapidOCR(params={
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Global.log_level": "error",
    })


def rapidocr(path):
    return "\n".join(ENGINE(str(path)).txts or ())


def kreuzberg_init():
    os.environ["OMP_THREAD_LIMIT"] = "1"


def kreuzberg(path):
    from kreuzberg import extract_file_sync
    return extract_file_sync(str(path)).content


PEERS = {
    "tesseract": (tesseract, tesseract_init),
    "ocrmypdf": (ocrmypdf, tesseract_init),
    "rapidocr": (rapidocr, rapidocr_init),
    "kreuzberg": (kreuzberg, kreuzberg_init),
}


def attempt(task):
    name, path = task
    try:
        return path, PEERS[name][0](path), None
    except Exception as error:  # a reader that fails on a file has read nothing of it
        return path, "", f"{type(error).__name__}: {error}"


def ready(_):
    time.sleep(0.2)


def run_peer(name, paths):
    with multiprocessing.get_context("spawn").Pool(CORES, PEERS[name][1]) as pool:
        pool.map(ready, range(CORES))  # models are loaded before the clock starts
        pool.map(attempt, [(name, paths[0])] * CORES, chunksize=1)
        started = time.monotonic()
        answers = pool.map(attempt, [(name, path) for path in paths], chunksize=1)
        spent = time.monotonic() - started
    failed = [error for _, _, error in answers if error]
    if len(failed) == len(paths):
        raise RuntimeError(failed[0])
    return spent, {path: text for path, text, _ in answers}, len(failed)


def run_acuse(binary, paths):
    """One start of the program, loading its models included."""
    started = time.monotonic()
    done = subprocess.run([binary, "read", "--json", *map(str, paths)], capture_output=True, text=True)
    spent = time.monotonic() - started
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return spent, {path: answer for path, answer in zip(paths, answers, strict=True)}


def squeezed(text):
    # One reader answers in full-width punctuation.
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def total_in(text, total):
    whole, cents = f"{abs(float(total)):.2f}".split(".")
    grouped = f"{int(whole):,}"
    forms = {f"{whole}.{cents}", f"{whole},{cents}", f"{grouped}.{cents}", f"{grouped.replace(',', '.')},{cents}"}
    if cents == "00":
        forms |= {whole, grouped, grouped.replace(",", ".")}
    text = squeezed(text)
    return any(re.search(rf"(?<![\d.,]){re.escape(form)}(?!\d)", text) for form in forms)


MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def date_in(text, iso):
    day = date.fromisoformat(iso)
    text = squeezed(text)
    d, m, y = day.day, day.month, day.year
    numeric = [(d, m), (m, d)]
    forms = [rf"{y}[-/.]?0?{m}[-/.]?0?{d}(?!\d)"]
    forms += [rf"(?<!\d)0?{a}[-/.]0?{b}[-/.](?:{y}|{y % 100:02})" for a, b in numeric]
    forms += [rf"(?<!\d)0?{d}[-/.,]?(?:de)?{MONTHS[m - 1]}[a-z]*[-/.,]?(?:de)?(?:{y}|{y % 100:02})",
              rf"{MONTHS[m - 1]}[a-z]*[-/.,]?0?{d}(?:st|nd|rd|th)?,?{y}"]
    return any(re.search(form, text) for form in forms)


def field(answer, *names):
    fields = answer.get("fields") or {}
    return next((fields[name]["value"] for name in names if name in fields), None)


def row(label, spent, rows, total, when, note=""):
    totals, dates = [r for r in rows if r["gt_total"]], [r for r in rows if r["gt_date"]]
    right_totals, right_dates = sum(map(total, totals)), sum(map(when, dates))
    print(f"{label:<30}{len(rows) / spent:>9.2f}{spent / len(rows):>9.2f}"
          f"{right_totals:>8}/{len(totals):<4}{right_dates:>7}/{len(dates):<4} {note}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--acuse", type=Path, required=True)
    options = parser.parse_args()
    with open(options.data / "manifest.csv", newline="", encoding="utf-8") as manifest:
        rows = [r for r in csv.DictReader(manifest)
                if (r["gt_total"] or r["gt_date"]) and Path(r["path"]).suffix.lower() in PICTURES]
    rows = rows[:: max(1, len(rows) // options.count)][: options.count]
    if not rows:
        sys.exit("no picture in the manifest has a true total or date")
    paths = [options.data / r["path"] for r in rows]
    of = lambda r: options.data / r["path"]
    print(f"{len(rows)} pictures, {CORES} cores, every reader on all of them")
    print(f"{'reader':<30}{'pages/s':>9}{'s/page':>9}{'total':>13}{'date':>12}")
    for name in PEERS:
        try:
            spent, texts, failed = run_peer(name, paths)
        except (RuntimeError, OSError) as error:
            print(f"{name:<30} left out: {error}", flush=True)
            continue
        row(f"{name}, in its text", spent, rows, lambda r: total_in(texts[of(r)], r["gt_total"]),
            lambda r: date_in(texts[of(r)], r["gt_date"]), f"{failed} failed" if failed else "")
    spent, answers = run_acuse(options.acuse, paths)
    same = lambda found, truth: found is not None and abs(float(found) - float(truth)) < 0.005
    row("acuse, the field it answers", spent, rows,
        lambda r: same(field(answers[of(r)], "total"), r["gt_total"]),
        lambda r: field(answers[of(r)], "date", "issue_date") == r["gt_date"],
        "whole road, models loaded within the time")


if __name__ == "__main__":
    main()
