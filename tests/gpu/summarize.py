#!/usr/bin/env python3
"""Tables from what run.sh time left in a folder."""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])


def lines(name):
    path = folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def median(run, name):
    return f"{run[name]['median']:.4f}"


timing = lines("timing.jsonl")
print("Host mel to host spectrum, p50 in ms; plain C++ and managed code in turns in one process\n")
print("| frames | plain C++, enqueued | managed | ratio | paired by round | plain C++, graph | managed | ratio | paired by round | managed cost µs |")
print("|---" * 10 + "|")
for run in timing:
    print(f"| {run['frames']} | {median(run, 'plain_sequential_ms')} | {median(run, 'sequential_ms')} | {run['sequential_ratio']:.3f} | {run['sequential_ratio_paired']:.3f} "
          f"| {median(run, 'plain_graph_ms')} | {median(run, 'graph_ms')} | {run['graph_ratio']:.3f} | {run['graph_ratio_paired']:.3f} | {run['graph_overhead_us']:.1f} |")
print("\nHost mel to samples, p50 in ms, by threads of the inverse STFT; and the parts (6 threads at most)\n")
parts = ["HostToDevice", "Enqueue", "Compute", "DeviceToHost", "Latency", "ShapeSet", "InverseStft", "EndToEnd"]
print("| frames | 1 thread | 2 threads | 4 threads | 6 threads | " + " | ".join(parts) + " |")
print("|---" * (5 + len(parts)) + "|")
for run in timing:
    print(f"| {run['frames']} | " + " | ".join(median(run, f"samples_{threads}_threads_ms") for threads in (1, 2, 4, 6)) + " | "
          + " | ".join(median(run, f"part_{part}_ms") for part in parts) + " |")
print("\nReplay of varied lengths, host mel to samples, ms\n")
print("| windows | in flight | p50 | p99 | p50 per 256 frames | p99 per 256 frames | p99/p50 | per started 256: p99/p50 | shape changes | runs | warm-up | GPU MiB | host MiB |")
print("|---" * 13 + "|")
for run in lines("replay.jsonl"):
    whole, normalised, started = run["end_to_end_ms"], run["per_256_frames_ms"], run["per_started_256_frames_ms"]
    print(f"| {run['windows']} | {run['in_flight']:.0f} | {whole['median']:.3f} | {whole['p99']:.3f} | {normalised['median']:.3f} | {normalised['p99']:.3f} "
          f"| {run['p99_over_p50_per_256']:.2f} | {started['p99'] / started['median']:.2f} | {run['shape_changes']:.0f} | {run['mean_runs']:.2f} | {run['warm_up_ms']:.0f} | {run['device_mib']:.0f} | {run['host_mib']:.0f} |")
print("\nLayers of captured runs, 256 frames\n")
for run in lines("layers.jsonl")[:12]:
    print(f"| {run['layer'][:90]} | {run['median_ms']:.4f} ms | {run['percentage']:.1f} % |")
for name in ("torch-half-width.json", "torch-full-size.json"):
    path = folder / name
    if path.exists() and path.stat().st_size:
        torch = json.loads(path.read_text())
        print(f"\n{torch['tool']}, {torch['model']}, {torch['device']}")
        for run in torch["runs"]:
            print(f"  {run['frames']} frames: host mel to host spectrum {run['spectrum_ms']['median']:.3f} ms, to host samples {run['audio_ms']['median']:.3f} ms")
