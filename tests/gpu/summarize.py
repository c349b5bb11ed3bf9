#!/usr/bin/env python3
"""Tables from what run.sh time left in a folder: medians over the rounds of each round's p50, and their ratios."""
import json
import pathlib
import statistics
import sys

folder = pathlib.Path(sys.argv[1])
runs = [json.loads(line) for line in (folder / "timing.jsonl").read_text().splitlines()]


def least(tool, frames):
    return min(run["sequential_ms"]["min"] for run in runs if run["tool"].startswith(tool) and run["frames"] == frames)


def median(tool, frames, series):
    return statistics.median(run[series]["median"] for run in runs if run["tool"].startswith(tool) and run["frames"] == frames)


print("| frames | plain C++ ms | TrtVocoder ms | ratio | ratio of minima | plain C++ graph ms | prepare | run | ISTFT | to samples ms |")
print("|---|---|---|---|---|---|---|---|---|---|")
for frames in sorted({run["frames"] for run in runs}):
    plain, ours = median("plain", frames, "sequential_ms"), median("TrtVocoder", frames, "sequential_ms")
    parts = [f"{median('TrtVocoder', frames, name):.4f}" for name in ("prepare_ms", "run_ms", "istft_ms", "samples_ms")]
    print(f"| {frames} | {plain:.4f} | {ours:.4f} | {ours / plain:.3f} | {least('TrtVocoder', frames) / least('plain', frames):.3f} | {median('plain', frames, 'graph_ms'):.4f} | {' | '.join(parts)} |")

for name in ("torch-half-width.json", "torch-full-size.json"):
    path = folder / name
    if path.exists() and path.stat().st_size:
        torch = json.loads(path.read_text())
        print(f"\n{torch['tool']}, {torch['model']}, {torch['device']}")
        for run in torch["runs"]:
            print(f"  {run['frames']} frames: host mel to host spectrum {run['spectrum_ms']['median']:.3f} ms, to host samples {run['audio_ms']['median']:.3f} ms")
