#!/usr/bin/env python3
"""Tables from what run.sh time left in a folder."""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])

# What is wanted of the managed side against plain C++ in the same run, and of the fast form at half width.
MOST_RATIO = 1.03
MOST_SPECTRUM_MS = {("half-width-shift/frame-major", 1, 256): 0.165}
THREADS = (1, 6)
PARTS = ("HostToDevice", "Enqueue", "Compute", "DeviceToHost", "Latency", "ShapeSet", "InverseStft", "EndToEnd")


# NVIDIA's libraries may put words of their own before a line, as a process ends.
def lines(name):
    path = folder / name
    return [json.loads(line[line.index("{"):]) for line in path.read_text().splitlines() if "{" in line] if path.exists() else []


def median(run, name):
    return f"{run[name]['median']:.4f}" if name in run else "–"


def head(*columns):
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def shape(run):
    return run["engine"], int(run["batch"]), int(run["frames"])


def verdict(run):
    most = MOST_SPECTRUM_MS.get(shape(run))
    if run["graph_ratio_paired"] > MOST_RATIO:
        return f"ratio above {MOST_RATIO}"
    if most is not None and run["graph_ms"]["median"] > most:
        return f"above {most} ms"
    return "as wanted"


timing = lines("timing.jsonl")
print("Host mel to the engine's outputs on the host, p50 in ms; plain C++ and managed code in turns in one process\n")
head("engine", "items", "frames", "plain C++, enqueued", "managed", "ratio", "paired by round", "plain C++, graph", "managed", "ratio", "paired by round", "managed cost µs", "")
for run in timing:
    row(*shape(run), median(run, "plain_sequential_ms"), median(run, "sequential_ms"), f"{run['sequential_ratio']:.3f}", f"{run['sequential_ratio_paired']:.3f}",
        median(run, "plain_graph_ms"), median(run, "graph_ms"), f"{run['graph_ratio']:.3f}", f"{run['graph_ratio_paired']:.3f}", f"{run['graph_overhead_us']:.1f}", verdict(run))
print("\nHost mel to samples, p50 in ms, beside the same engine's own outputs of the same rounds; on the host by threads; and the parts by default\n")
head("engine", "items", "frames", "outputs", "samples", "paired", "p99/p50", "pinned", "in place", "p99/p50", "PCM16", "asleep", "mapped", *(f"host, {threads} thread{'s' * (threads > 1)}" for threads in THREADS), *PARTS)
for run in timing:
    samples, in_place = run["samples_ms"], run["samples_in_place_ms"]
    row(*shape(run), median(run, "graph_again_ms"), median(run, "samples_ms"), f"{run['samples_to_graph_paired']:.3f}", f"{samples['p99'] / samples['median']:.2f}",
        median(run, "samples_pinned_ms"), median(run, "samples_in_place_ms"), f"{in_place['p99'] / in_place['median']:.2f}", median(run, "samples_pcm16_ms"), median(run, "samples_asleep_ms"), median(run, "samples_mapped_ms"), *(median(run, f"samples_{threads}_threads_ms") for threads in THREADS), *(median(run, f"part_{part}_ms") for part in PARTS))
print("\nReplay of varied lengths, host mel to samples, ms\n")
head("windows", "in flight", "p50", "p99", "p50 per 256 frames", "p99 per 256 frames", "p99/p50", "per started 256: p99/p50", "shape changes", "runs", "warm-up", "GPU MiB", "host MiB")
for run in lines("replay.jsonl"):
    whole, normalised, started = run["end_to_end_ms"], run["per_256_frames_ms"], run["per_started_256_frames_ms"]
    row(run["windows"], f"{run['in_flight']:.0f}", f"{whole['median']:.3f}", f"{whole['p99']:.3f}", f"{normalised['median']:.3f}", f"{normalised['p99']:.3f}",
        f"{run['p99_over_p50_per_256']:.2f}", f"{started['p99'] / started['median']:.2f}", f"{run['shape_changes']:.0f}", f"{run['mean_runs']:.2f}", f"{run['warm_up_ms']:.0f}",
        f"{run['device_mib']:.0f}", f"{run['host_mib']:.0f}")
print("\nLayers of captured runs, 256 frames\n")
for run in lines("layers.jsonl")[:12]:
    row(run["layer"][:90], f"{run['median_ms']:.4f} ms", f"{run['percentage']:.1f} %")
for name in ("torch-half-width.json", "torch-full-size.json"):
    path = folder / name
    if path.exists() and path.stat().st_size:
        torch = json.loads(path.read_text())
        print(f"\n{torch['tool']}, {torch['model']}, {torch['device']}")
        for run in torch["runs"]:
            print(f"  {run['frames']} frames: host mel to host spectrum {run['spectrum_ms']['median']:.3f} ms, to host samples {run['audio_ms']['median']:.3f} ms")
