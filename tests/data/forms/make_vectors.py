#!/usr/bin/env python3
"""Makes the vectors beside it: what PyTorch computes of Vocos models in the sizes that people have, by upstream's formulas.

    apt install python3-torch python3-torchaudio; /usr/bin/python3 tests/data/forms/make_vectors.py

Weights and mels are not stored: both sides compute them from the same integer hash (FormulaWeights.cs). Needs torch 1.13, torchaudio 0.13 (Debian 12).
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
import torchaudio

HERE = pathlib.Path(__file__).parent
DIM, INNER = 16, 24

# name: mels, n_fft, hop, padding, layers, frames, adanorm rows
MODELS = {
    "mel24": (100, 1024, 256, "center", 2, 9, 0),
    "mel22": (80, 1024, 256, "same", 2, 9, 0),
    "mel44": (80, 2048, 512, "same", 2, 6, 0),
    "mel48": (128, 2048, 256, "center", 2, 17, 0),
    "layers12": (100, 1024, 256, "center", 12, 9, 0),
    "mel32": (128, 2048, 1024, "center", 2, 5, 0),
    "encodec": (128, 1280, 320, "same", 2, 7, 4),
}


def uniform(tensor, count):
    """Numbers from -0.5 to 0.5 of the tensor's number and the element's."""
    i = np.arange(count, dtype=np.uint32)
    x = np.uint32(tensor * 0x9E3779B1 & 0xFFFFFFFF) + i * np.uint32(0x85EBCA77)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        x ^= x >> np.uint32(shift)
        x = x * np.uint32(factor)
    x ^= x >> np.uint32(15)
    return x.astype(np.float64) / 2.0**32 - 0.5


def weights(mels, n_fft, layers, rows):
    """State dict in the order in which VocosWeights lists it; conditioned norms have tables of rows."""
    shapes = [("backbone.embed.weight", (DIM, mels, 7)), ("backbone.embed.bias", (DIM,))]
    table = (rows, DIM) if rows else (DIM,)
    shapes += [("backbone.norm.weight", table), ("backbone.norm.bias", table)]
    for i in range(layers):
        p = f"backbone.convnext.{i}."
        shapes += [(p + "gamma", (DIM,)), (p + "dwconv.weight", (DIM, 1, 7)), (p + "dwconv.bias", (DIM,)), (p + "norm.weight", table), (p + "norm.bias", table),
                   (p + "pwconv1.weight", (INNER, DIM)), (p + "pwconv1.bias", (INNER,)), (p + "pwconv2.weight", (DIM, INNER)), (p + "pwconv2.bias", (DIM,))]
    shapes += [("backbone.final_layer_norm.weight", (DIM,)), ("backbone.final_layer_norm.bias", (DIM,)),
               ("head.out.weight", (n_fft + 2, DIM)), ("head.out.bias", (n_fft + 2,))]
    state = {}
    for number, (name, shape) in enumerate(shapes):
        mean, spread = 0.0, 1.0
        if name.endswith("norm.weight"):
            mean, spread = 1.0, 0.5
        elif name.endswith("gamma"):
            mean, spread = 0.5, 0.5
        elif name == "head.out.bias":
            mean, spread = -1.0, 4.0
        elif name == "head.out.weight":
            spread = 2.0
        state[name] = torch.from_numpy((mean + spread * uniform(number, int(np.prod(shape)))).astype(np.float32).reshape(shape))
    return state


def spectrum(w, mel, layers, row):
    def norm(x, name):
        scale, shift = (w[name + ".weight"], w[name + ".bias"])
        if scale.dim() == 2:
            scale, shift = scale[row], shift[row]
        return F.layer_norm(x, (DIM,), eps=1e-6) * scale + shift

    x = F.conv1d(mel, w["backbone.embed.weight"], w["backbone.embed.bias"], padding=3)
    x = norm(x.transpose(1, 2), "backbone.norm").transpose(1, 2)
    for i in range(layers):
        p = f"backbone.convnext.{i}."
        y = F.conv1d(x, w[p + "dwconv.weight"], w[p + "dwconv.bias"], padding=3, groups=DIM).transpose(1, 2)
        y = F.gelu(F.linear(norm(y, p + "norm"), w[p + "pwconv1.weight"], w[p + "pwconv1.bias"]))
        y = w[p + "gamma"] * F.linear(y, w[p + "pwconv2.weight"], w[p + "pwconv2.bias"])
        x = x + y.transpose(1, 2)
    x = norm(x.transpose(1, 2), "backbone.final_layer_norm")
    magnitude, phase = F.linear(x, w["head.out.weight"], w["head.out.bias"]).transpose(1, 2).chunk(2, dim=1)
    return torch.clip(torch.exp(magnitude), max=1e2) * (torch.cos(phase) + 1j * torch.sin(phase))


def audio(spec, n_fft, hop, padding):
    window = torch.hann_window(n_fft)
    if padding == "center":
        return torch.istft(spec, n_fft, hop, n_fft, window, center=True)
    frames = torch.fft.irfft(spec, n_fft, dim=1, norm="backward") * window[None, :, None]
    size = (spec.shape[2] - 1) * hop + n_fft
    fold = dict(output_size=(1, size), kernel_size=(1, n_fft), stride=(1, hop))
    total = F.fold(frames, **fold)[:, 0, 0]
    envelope = F.fold(window.square().expand(1, spec.shape[2], -1).transpose(1, 2), **fold).squeeze()
    cut = (n_fft - hop) // 2
    return total[:, cut:size - cut] / envelope[cut:size - cut]


def save(name, values):
    np.save(HERE / (name + ".npy"), np.ascontiguousarray(values, dtype=np.float32))


def main():
    torch.set_num_threads(1)
    for name, (mels, n_fft, hop, padding, layers, frames, rows) in MODELS.items():
        mel = torch.from_numpy((-3.0 + 8.0 * uniform(1000, mels * frames)).astype(np.float32).reshape(1, mels, frames))
        w = weights(mels, n_fft, layers, rows)
        for row in range(rows or 1):
            save(name + (f".{row}" if rows else ""), audio(spectrum(w, mel, layers, row), n_fft, hop, padding)[0])
        if name == "mel24":
            half = {k: v.to(torch.bfloat16).float() for k, v in w.items()}
            save("bfloat16", audio(spectrum(half, mel, layers, 0), n_fft, hop, padding)[0])

    # Filter banks and mels: torchaudio's, which follow librosa's where scale and norm are slaney.
    wave = torch.from_numpy((0.8 * uniform(1001, 4096)).astype(np.float32))[None]
    for name, rate, n_fft, hop, mels, low, high, norm, scale in (
            ("slaney22", 22050, 1024, 256, 80, 0.0, 8000.0, "slaney", "slaney"),
            ("slaney44", 44100, 2048, 512, 80, 0.0, 8000.0, "slaney", "slaney"),
            ("slaneyscale", 16000, 512, 128, 40, 60.0, 7600.0, None, "slaney"),
            ("htknorm", 24000, 1024, 256, 100, 20.0, None, "slaney", "htk")):
        transform = torchaudio.transforms.MelSpectrogram(
            rate, n_fft, hop_length=hop, n_mels=mels, f_min=low, f_max=high, norm=norm, mel_scale=scale, power=1, center=True)
        save(name + ".mel", torch.log(torch.clip(transform(wave), min=1e-5))[0])


if __name__ == "__main__":
    main()
