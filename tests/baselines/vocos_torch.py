#!/usr/bin/env python3
"""Vocos in eager PyTorch, timed: the baseline that TrtVocoder is compared with. Needs torch alone.

    vocos_torch.py CHECKPOINT_DIR [--device cuda] [--frames 64,256,512] [--iterations 500] [--amp]
    vocos_torch.py --random 512,1536,8 ...          # full size, random weights

Prints one JSON object. "spectrum" is host mel -> host real and imaginary parts, "audio" is host mel -> host samples; both are
sequential, from the call to the data lying in host memory. The inverse STFT is torch.istft (center padding).
"""
import argparse
import json
import sys
import time

import torch
import torch.nn.functional as F

N_MELS, N_FFT, HOP, SAMPLE_RATE = 100, 1024, 256, 24000


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


def percentile(ordered, p):
    n = len(ordered)
    return ordered[max(n - 1 - int((1 - p / 100) * n), 0)]  # trtexec's definition


def summary(times_ms):
    t = sorted(times_ms)
    return {"min": t[0], "mean": sum(t) / len(t), "median": t[len(t) // 2], "p90": percentile(t, 90), "p95": percentile(t, 95),
            "p99": percentile(t, 99), "count": len(t)}


def measure(call, iterations, warm_up=50):
    times = []
    for i in range(warm_up + iterations):
        start = time.perf_counter()
        call()
        if i >= warm_up:
            times.append((time.perf_counter() - start) * 1e3)
    return summary(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", nargs="?")
    parser.add_argument("--random", help="DIM,INTERMEDIATE,LAYERS instead of a checkpoint")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--frames", default="64,256,512")
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--amp", action="store_true", help="autocast to FP16")
    args = parser.parse_args()
    if (args.checkpoint is None) == (args.random is None):
        sys.exit("vocos_torch.py: give a checkpoint folder or --random DIM,INTERMEDIATE,LAYERS.")
    if args.threads:
        torch.set_num_threads(args.threads)
    state = random_weights(*map(int, args.random.split(","))) if args.random else torch.load(
        args.checkpoint + "/pytorch_model.bin", map_location="cpu", weights_only=True)
    vocos = Vocos(state, args.device)
    runs = []
    with torch.inference_mode(), torch.autocast(args.device, torch.float16, enabled=args.amp):
        for frames in map(int, args.frames.split(",")):
            mel = torch.randn(1, N_MELS, frames)
            runs.append({
                "frames": frames,
                "spectrum_ms": measure(lambda: [part.cpu() for part in vocos.spectrum(mel.to(args.device))], args.iterations),
                "audio_ms": measure(lambda: vocos.audio(mel.to(args.device)).cpu(), args.iterations),
            })
    name = torch.cuda.get_device_name() if args.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    json.dump({"tool": f"PyTorch {torch.__version__} eager" + (" AMP FP16" if args.amp else ""), "device": name,
               "model": args.random or args.checkpoint, "runs": runs}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
