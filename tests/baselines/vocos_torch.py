#!/usr/bin/env python3
"""Vocos in eager PyTorch, timed: the baseline that TrtVocoder is compared with. Needs torch alone.

    vocos_torch.py CHECKPOINT_DIR [--device cuda] [--frames 64,256,512] [--batch 1] [--threads 0] [--amp]
    vocos_torch.py --random 512,1536,8 ...          # full size, random weights

Prints one JSON object in the form of 'trtvocoder bench --json' (docs/cli.md), which 'trtvocoder bench MODEL --against' reads. "spectrum_ms"
is host mel -> host real and imaginary parts, "audio_ms" is host mel -> host samples; both are sequential, from the call to the data lying in
host memory. The inverse STFT is torch.istft (center padding). Warm-up, duration, iterations and rounds are those of 'trtvocoder bench'.
"""
import argparse
import json
import os
import pathlib
import platform
import struct
import sys
import time

import torch
import torch.nn.functional as F

N_MELS, N_FFT, HOP, SAMPLE_RATE = 100, 1024, 256, 24000
ROUNDS = 20


def random_weights(dim, intermediate, layers):
    torch.manual_seed(1)

    def w(*shape, scale=None):
        return torch.randn(*shape) * (scale if scale is not None else (shape[-1] * (shape[1] if len(shape) == 3 else 1)) ** -0.5)

    state = {"backbone.embed.weight": w(dim, N_MELS, 7, scale=(N_MELS * 7) ** -0.5), "backbone.embed.bias": torch.zeros(dim)}
    for norm in ["backbone.norm", "backbone.final_layer_norm"] + [f"backbone.convnext.{i}.norm" for i in range(layers)]:
        state[norm + ".weight"], state[norm + ".bias"] = torch.ones(dim), torch.zeros(dim)
    for i in range(layers):
        p = f"backbone.convnext.{i}."
        state[p + "gamma"] = torch.full((dim,), 1 / layers)
        state[p + "dwconv.weight"], state[p + "dwconv.bias"] = w(dim, 1, 7, scale=7 ** -0.5), torch.zeros(dim)
        state[p + "pwconv1.weight"], state[p + "pwconv1.bias"] = w(intermediate, dim), torch.zeros(intermediate)
        state[p + "pwconv2.weight"], state[p + "pwconv2.bias"] = w(dim, intermediate), torch.zeros(dim)
    state["head.out.weight"], state["head.out.bias"] = w(N_FFT + 2, dim), torch.zeros(N_FFT + 2)
    return state


class Vocos:
    def __init__(self, state, device):
        self.w = {k: v.float().to(device) for k, v in state.items() if k.startswith(("backbone.", "head.out."))}
        self.dim = self.w["backbone.embed.weight"].shape[0]
        self.layers = 1 + max(int(k.split(".")[2]) for k in self.w if k.startswith("backbone.convnext."))
        self.window = torch.hann_window(N_FFT, device=device)

    def norm(self, x, name):
        return F.layer_norm(x, (self.dim,), self.w[name + ".weight"], self.w[name + ".bias"], 1e-6)

    def spectrum(self, mel):
        w = self.w
        x = F.conv1d(mel, w["backbone.embed.weight"], w["backbone.embed.bias"], padding=3)
        x = self.norm(x.transpose(1, 2), "backbone.norm").transpose(1, 2)
        for i in range(self.layers):
            p = f"backbone.convnext.{i}."
            u = F.conv1d(x, w[p + "dwconv.weight"], w[p + "dwconv.bias"], padding=3, groups=self.dim)
            u = self.norm(u.transpose(1, 2), p + "norm")
            u = F.linear(F.gelu(F.linear(u, w[p + "pwconv1.weight"], w[p + "pwconv1.bias"])), w[p + "pwconv2.weight"], w[p + "pwconv2.bias"])
            x = x + (w[p + "gamma"] * u if p + "gamma" in w else u).transpose(1, 2)
        x = self.norm(x.transpose(1, 2), "backbone.final_layer_norm")
        x = F.linear(x, w["head.out.weight"], w["head.out.bias"]).transpose(1, 2).float()
        m, p = x.chunk(2, dim=1)
        mag = m.exp().clamp(max=100)
        return mag * p.cos(), mag * p.sin()

    def audio(self, mel):
        re, im = self.spectrum(mel)
        return torch.istft(torch.complex(re, im), N_FFT, HOP, N_FFT, self.window, center=True)


def load(folder):
    folder = pathlib.Path(folder)
    if (folder / "pytorch_model.bin").exists():
        return torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
    data = (folder / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header, state = json.loads(data[8:8 + size]), {}
    for name, tensor in header.items():
        if name != "__metadata__":
            begin, end = (8 + size + offset for offset in tensor["data_offsets"])
            kind = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[tensor["dtype"]]
            state[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=kind).reshape(tensor["shape"])
    return state


def median(ordered):
    n = len(ordered)
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def percentile(ordered, p):
    """trtexec's definition, whose single precision decides which of two neighbours is taken."""
    n = len(ordered)
    return ordered[max(n - 1 - int(single(single(1 - single(p / 100)) * n)), 0)]


def summary(rounds):
    t = sorted(time_ms for times in rounds for time_ms in times)
    return {"count": len(t), "min": t[0], "max": t[-1], "mean": sum(t) / len(t), "median": median(t), "p90": percentile(t, 90),
            "p95": percentile(t, 95), "p99": percentile(t, 99), "rounds": [median(sorted(times)) for times in rounds if times]}


def measure(calls, args):
    """Times the calls in turn, in rounds of alternating order; goals count from the start, so slow calls take part in fewer rounds."""
    for call in calls:
        end = time.perf_counter() + args.warm_up / 1e3
        call()
        while time.perf_counter() < end:
            call()
    rounds, spent = [[] for _ in calls], [0.0 for _ in calls]
    for turn in range(1, ROUNDS + 1):
        order = list(range(len(calls)))
        for i in order if turn % 2 else reversed(order):
            times, done = [], sum(map(len, rounds[i]))
            least, goal = args.iterations * turn // ROUNDS - done, args.duration * turn / ROUNDS - spent[i]
            if least > 0 or goal > 0:
                calls[i]()  # caches are the other call's
                begin = time.perf_counter()
                while len(times) < least or time.perf_counter() - begin < goal:
                    start = time.perf_counter()
                    calls[i]()
                    times.append((time.perf_counter() - start) * 1e3)
                spent[i] += time.perf_counter() - begin
            rounds[i].append(times)
    return [summary(times) for times in rounds]


def machine():
    cpu = platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), cpu)
    system = platform.freedesktop_os_release()["PRETTY_NAME"] if os.path.exists("/etc/os-release") else platform.platform()
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(), "os": system}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", nargs="?")
    parser.add_argument("--random", help="DIM,INTERMEDIATE,LAYERS instead of a checkpoint")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: PyTorch's choice")
    parser.add_argument("--frames", default="64,256,512")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--warm-up", type=float, default=200, help="milliseconds")
    parser.add_argument("--duration", type=float, default=3, help="seconds for each series")
    parser.add_argument("--iterations", type=int, default=10, help="calls that are measured at least")
    parser.add_argument("--amp", action="store_true", help="autocast to FP16")
    args = parser.parse_args()
    if (args.checkpoint is None) == (args.random is None):
        sys.exit("vocos_torch.py: give a checkpoint folder or --random DIM,INTERMEDIATE,LAYERS.")
    if args.threads:
        torch.set_num_threads(args.threads)
    state = random_weights(*map(int, args.random.split(","))) if args.random else load(args.checkpoint)
    vocos = Vocos(state, args.device)
    runs = []
    with torch.inference_mode(), torch.autocast(args.device, torch.float16, enabled=args.amp):
        for frames in map(int, args.frames.split(",")):
            torch.manual_seed(1)
            mel = torch.randn(args.batch, N_MELS, frames) * 2.5 - 5  # mean and spread of speech's log-mel amplitudes
            spectrum, audio = measure([
                lambda: [part.cpu() for part in vocos.spectrum(mel.to(args.device))],
                lambda: vocos.audio(mel.to(args.device)).cpu(),
            ], args)
            seconds = args.batch * (frames - 1) * HOP / SAMPLE_RATE
            factor = audio["median"] / 1e3 / seconds
            runs.append({
                "frames": frames, "batch": args.batch, "mode": "sequential", "sessions": 1, "audio_s": seconds, "real_time_factor": factor,
                "times_real_time": 1 / factor, "spectrum_ms": spectrum, "audio_ms": audio,
            })
    name = torch.cuda.get_device_name() if args.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    json.dump({"tool": f"PyTorch {torch.__version__} eager" + (" AMP FP16" if args.amp else ""), "device": name,
               "model": args.random or args.checkpoint, "machine": machine(), "runs": runs}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
