#!/usr/bin/env python3
"""Makes the networks beside it: one tiny Vocos as torch.onnx writes it, in the ways in which people have exported theirs.

    apt install python3-torch python3-onnx; /usr/bin/python3 tests/data/forms/make_networks.py

Needs torch 1.13 and onnx 1.12 (Debian 12). Weights are random, of a fixed seed. Files whose names begin with 'not-' are no Vocos in one respect.
"""
import pathlib

import numpy as np
import onnx
import onnx.external_data_helper
import onnx.numpy_helper
import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
MELS, DIM, INNER, LAYERS, N_FFT, HOP = 8, 16, 24, 2, 64, 16


class Norm(nn.Module):
    """LayerNorm over channels, written as a module or as its parts, with channels last or first."""

    def __init__(self, how, eps):
        super().__init__()
        self.how, self.eps = how, eps
        self.weight, self.bias = nn.Parameter(1 + 0.3 * torch.randn(DIM)), nn.Parameter(0.3 * torch.randn(DIM))
        self.scale, self.shift = nn.Embedding(4, DIM), nn.Embedding(4, DIM)

    def forward(self, x):
        if self.how == "parts":
            d = x - x.mean(1, keepdim=True)
            return self.weight[:, None] * (d / torch.sqrt((d * d).mean(1, keepdim=True) + self.eps)) + self.bias[:, None]
        x = x.transpose(1, 2)
        if self.how == "conditioned":
            which = torch.tensor([2])
            x = F.layer_norm(x, (DIM,), eps=self.eps) * self.scale(which) + self.shift(which)
        else:
            x = F.layer_norm(x, (DIM,), self.weight, self.bias, self.eps)
        return x.transpose(1, 2)


class Product(nn.Module):
    """A linear layer on [B, C, T]: as a matrix on the last axis, a convolution over one frame, or a matrix on rows of all frames."""

    def __init__(self, how, inputs, outputs, spread=1.0):
        super().__init__()
        self.how = how
        self.weight, self.bias = nn.Parameter(spread * torch.randn(outputs, inputs) / inputs**0.5), nn.Parameter(spread * 0.5 * torch.randn(outputs))

    def forward(self, x):
        if self.how == "conv":
            return F.conv1d(x, self.weight[:, :, None], self.bias)
        if self.how == "left":
            return self.weight @ x + self.bias[:, None]
        x = x.transpose(1, 2)
        if self.how == "rows":
            return F.linear(x.reshape(-1, x.shape[2]), self.weight, self.bias).reshape(x.shape[0], x.shape[1], -1).transpose(1, 2)
        return F.linear(x, self.weight, self.bias).transpose(1, 2)


class Block(nn.Module):
    def __init__(self, norm, product, gelu, eps, gamma):
        super().__init__()
        self.dwconv, self.norm = nn.Conv1d(DIM, DIM, 7, padding=3, groups=DIM), Norm(norm, eps)
        self.pwconv1, self.pwconv2 = Product(product, DIM, INNER), Product(product, INNER, DIM)
        self.gamma, self.gelu = nn.Parameter(0.5 + 0.3 * torch.randn(DIM)) if gamma else None, gelu

    def forward(self, x):
        y = self.pwconv1(self.norm(self.dwconv(x)))
        y = {"erf": F.gelu, "tanh": lambda v: F.gelu(v, approximate="tanh"), "half": lambda v: 0.5 * v * (1 + torch.erf(0.7071067811865476 * v)), "relu": F.relu}[self.gelu](y)
        y = self.pwconv2(y)
        return x + (y if self.gamma is None else self.gamma[:, None] * y)


class Vocos(nn.Module):
    def __init__(self, outputs="polar", norm="module", product="matrix", gelu="erf", eps=1e-6, gamma=True, frame_major=False, clip=100.0, swapped=False, scaled=False):
        super().__init__()
        self.outputs, self.frame_major, self.clip, self.swapped, self.scaled = outputs, frame_major, clip, swapped, scaled
        self.embed, self.norm = nn.Conv1d(MELS, DIM, 7, padding=3), Norm(norm, eps)
        self.convnext = nn.ModuleList(Block(norm, product, gelu, eps, gamma) for _ in range(LAYERS))
        self.final_layer_norm = Norm("module" if norm == "conditioned" else norm, eps)
        self.out = Product(product, DIM, N_FFT + 2, 2.0)
        self.last = Product("matrix", N_FFT + 2, HOP)
        window = torch.hann_window(N_FFT)
        basis = torch.fft.irfft(torch.cat([torch.eye(N_FFT // 2 + 1), 1j * torch.eye(N_FFT // 2 + 1)]), N_FFT) * window
        self.register_buffer("basis", basis[:, None, :])
        self.register_buffer("square", (window * window)[None, None, :])

    def forward(self, mel):
        x = mel.transpose(1, 2) if self.frame_major else mel
        x = self.norm(self.embed(0.1 * x if self.scaled else x))
        for block in self.convnext:
            x = block(x)
        x = self.out(self.final_layer_norm(x))
        if self.outputs == "wavenext":
            return self.last(x).transpose(1, 2).reshape(x.shape[0], -1)
        m, p = x.chunk(2, dim=1)
        if self.swapped:
            m, p = p, m
        magnitude = torch.exp(m) if self.clip is None else torch.clip(torch.exp(m), max=self.clip)
        if self.outputs == "polar":
            return magnitude, torch.cos(p), torch.sin(p)
        re, im = magnitude * torch.cos(p), magnitude * torch.sin(p)
        if self.outputs == "frames":
            return re.transpose(1, 2), im.transpose(1, 2)
        if self.outputs == "cartesian":
            return re, im
        # Samples, 'same': cut (n_fft - hop) / 2 from each end.
        cut = (N_FFT - HOP) // 2
        total = F.conv_transpose1d(torch.cat([re, im], 1), self.basis, stride=HOP)
        envelope = F.conv_transpose1d(torch.ones_like(re[:, :1]), self.square, stride=HOP)
        return (total / envelope)[:, 0, cut:-cut]


def export(name, names, kind, opset, inputs="mels", dynamic=True):
    torch.manual_seed(3)
    model = Vocos(**kind).eval()
    mel = torch.randn(1, MELS, 20) * 2 - 3
    mel = mel.transpose(1, 2) if model.frame_major else mel
    outputs = kind.get("outputs", "polar")
    time = {1: "samples"} if outputs in ("waveform", "wavenext") else {1: "time"} if outputs == "frames" else {2: "time"}
    axes = {inputs: {0: "batch", 1 if model.frame_major else 2: "time"}} | {output: {0: "batch"} | time for output in names or []}
    torch.onnx.export(model, mel, str(HERE / (name + ".onnx")), opset_version=opset, input_names=[inputs] if dynamic else None,
                      output_names=names if dynamic else None, dynamic_axes=axes if dynamic else None)


def to_half(path):
    """All weights, constants, inputs and outputs in half precision."""
    model = onnx.load(path)

    def half(tensor):
        if tensor.data_type == onnx.TensorProto.FLOAT:
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(np.float16), tensor.name))

    for tensor in model.graph.initializer:
        half(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                half(attribute.t)
    for value in list(model.graph.input) + list(model.graph.output):
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    onnx.save(model, path)


def main():
    polar, cartesian = ["mag", "x", "y"], ["stft_real", "stft_imag"]
    variants = [
        ("polar17", dict(opset=17), polar, {}),
        ("cartesian11", dict(opset=11, inputs="mel_spectrogram"), cartesian, dict(outputs="cartesian")),
        ("fixed14", dict(opset=14, dynamic=False), None, {}),
        ("parts-conv13", dict(opset=13), polar, dict(norm="parts", product="conv", gelu="half")),
        ("rows-frames15", dict(opset=15), cartesian, dict(outputs="frames", product="rows", frame_major=True)),
        ("left16", dict(opset=16), polar, dict(product="left", gamma=False)),
        ("conditioned16", dict(opset=16), polar, dict(norm="conditioned")),
        ("waveform17", dict(opset=17, inputs="mel"), ["waveform"], dict(outputs="waveform")),
        ("swapped17", dict(opset=17), cartesian, dict(outputs="cartesian", swapped=True)),
        ("not-tanh17", dict(opset=17), polar, dict(gelu="tanh")),
        ("not-relu17", dict(opset=17), polar, dict(gelu="relu")),
        ("not-epsilon17", dict(opset=17), polar, dict(eps=1e-5)),
        ("not-clipped17", dict(opset=17), polar, dict(clip=None)),
        ("not-scaled17", dict(opset=17), polar, dict(scaled=True)),
        ("not-wavenext17", dict(opset=17), ["waveform"], dict(outputs="wavenext")),
    ]
    for name, how, names, kind in variants:
        export(name, names, kind, **how)
    half = HERE / "half17.onnx"
    half.write_bytes((HERE / "polar17.onnx").read_bytes())
    to_half(half)
    model = onnx.load(HERE / "polar17.onnx")
    onnx.external_data_helper.convert_model_to_external_data(model, location="external17.data", size_threshold=64)
    onnx.save(model, str(HERE / "external17.onnx"))


if __name__ == "__main__":
    main()
