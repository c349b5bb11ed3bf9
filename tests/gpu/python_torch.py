#!/usr/bin/env python3
"""
The wheel with torch on a GPU. Needs a Python with torch for CUDA that sees the wheel.

    python_torch.py check ENGINE MEL.npy AUDIO.npy    decodes CUDA tensors on the default stream and on another, with work queued before and after, of lengths up to
                                                      several of the longest window, cold and warm, in batches and in pieces, against the decode from host memory and
                                                      against PyTorch's own audio of that mel; counts the copies to the host; ends in 'N passed, N failed, N skipped'
    python_torch.py time ENGINE [FRAMES]              tensor in -> tensor out, both on the GPU, beside Vocos of the same size (random weights, FP16) in eager torch
                                                      and by torch.compile with CUDA graphs, in turns; one JSON line a length
"""
import json
import os
import statistics
import sys
import time

import numpy
import torch

from trtvocoder import f5tts

LEAST_DB, LEAST_DB_OF_HALF_MELS = 55, 40
ROUNDS, DECODES = 20, 20


def snr_db(expected, actual):
    return float(10 * torch.log10((expected ** 2).sum() / ((expected - actual) ** 2).sum().clamp_min(1e-30)))


class Checks:
    passed = failed = 0

    def check(self, is_good, text):
        self.passed, self.failed = self.passed + bool(is_good), self.failed + (not is_good)
        print(f"{'pass' if is_good else 'FAIL'}  {text}", flush=True)


def load(engine):
    return f5tts.load_vocoder(is_local=True, local_path=engine, device="cuda")


def copies_to_and_from_the_host(call):
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA, torch.profiler.ProfilerActivity.CPU]) as profile:
        call()
        torch.cuda.synchronize()
    names = [event.name for event in profile.events()]
    on_gpu = [name for name in names if str(name).startswith(("Memcpy", "void", "trtv", "sm", "ampere", "hopper"))]
    return [name for name in names if "Memcpy HtoD" in name or "Memcpy DtoH" in name], len(on_gpu)


def check_length(checks, vocoder, mel, warmth):
    frames = mel.shape[1]
    expected = torch.from_numpy(vocoder.vocoder.decode(mel))
    # As F5-TTS passes it: a permuted view.
    view = torch.from_numpy(mel.T.copy()).cuda()[None].permute(0, 2, 1)
    for name, stream in (("default", torch.cuda.default_stream()), ("own", torch.cuda.Stream())):
        for kind, least in ((torch.float32, LEAST_DB), (torch.float16, LEAST_DB_OF_HALF_MELS)):
            torch.cuda.synchronize()
            with torch.cuda.stream(stream):
                # Both sides of the decode depend on it only by the stream's order.
                late = torch.zeros_like(view)
                torch.cuda._sleep(20_000_000)
                late.copy_(view)
                audio = vocoder.decode(late.to(kind)) * 2
                late.zero_()
            stream.synchronize()
            ratio = snr_db(expected, audio[0].cpu() / 2)
            checks.check(audio.is_cuda and ratio >= least, f"{warmth}{frames} frames, {name} stream, {kind}: {ratio:.1f} dB, at least {least}")
    found, events = copies_to_and_from_the_host(lambda: vocoder.decode(view))
    checks.check(not found and events > 0, f"{warmth}a decode of {frames} frames copies nothing to or from the host: {events} events on the GPU, of them copies {found or 'none'}")


def check_batch(checks, vocoder, mel):
    # More than one run takes, at an address that is no multiple of 256.
    items = numpy.stack([mel[:, first:first + 100] for first in range(0, 190, 10)])
    room = torch.zeros(items.size + 1, device="cuda")
    tensor = room[1:].view(items.shape)
    tensor.copy_(torch.from_numpy(items))
    audio = vocoder.decode(tensor).cpu()
    worst = min(snr_db(torch.from_numpy(vocoder.vocoder.decode(item)), samples) for item, samples in zip(items, audio))
    checks.check(worst >= LEAST_DB, f"{len(items)} mels in one tensor: {worst:.1f} dB at worst, at least {LEAST_DB}")


def check_stream(checks, vocoder, mel):
    whole = vocoder.decode(torch.from_numpy(mel).cuda())[0]
    parts = list(vocoder.vocoder.stream(torch.from_numpy(mel).cuda().split(20, dim=1)))
    audio = torch.cat(parts)
    ratio = snr_db(whole, audio) if audio.shape == whole.shape else 0
    checks.check(all(part.is_cuda for part in parts) and ratio >= LEAST_DB, f"a stream of tensors of 20 frames: {len(parts)} parts, {ratio:.1f} dB to the whole, at least {LEAST_DB}")


def check(engine, mel_file, audio_file):
    checks = Checks()
    mel = numpy.load(mel_file).astype(numpy.float32)
    mel = mel.reshape(mel.shape[-2:])
    vocoder = load(engine)
    whole = torch.from_numpy(numpy.load(audio_file).astype(numpy.float32).reshape(-1))
    audio = vocoder.decode(torch.from_numpy(mel).cuda()[None])
    checks.check(snr_db(whole, audio[0].cpu()) >= LEAST_DB, f"{mel.shape[1]} frames against PyTorch's own audio: {snr_db(whole, audio[0].cpu()):.1f} dB, at least {LEAST_DB}")
    longest = vocoder.vocoder.info.max_frames
    # More windows than two, of an engine that takes any length of one run just a long mel.
    beyond = 2 * longest + 77 if longest else 2000
    long = numpy.concatenate([mel] * (1 + max(900, beyond) // mel.shape[1]), axis=1)
    for is_warm in (False, True):
        if is_warm:
            # From here on windows run by their graphs.
            vocoder.vocoder.warm_up()
        for frames in (64, 256, 900, beyond):
            check_length(checks, vocoder, long[:, :frames], "warm, " if is_warm else "")
    check_batch(checks, vocoder, long)
    check_stream(checks, vocoder, long[:, :300])
    print(f"{checks.passed} passed, {checks.failed} failed, 0 skipped")
    return checks.failed > 0


def timed(call):
    torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1e3


def measure(engine, lengths):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
    import vocos_torch

    vocoder = load(engine)
    network = vocos_torch.Vocos(vocos_torch.random_weights(256, 768, 8), "cuda")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True

    def eager(mel):
        with torch.autocast("cuda", torch.float16):
            return network.audio(mel)

    for frames in lengths:
        mel = (torch.randn(1, 100, frames, device="cuda") * 2 - 4).contiguous()
        compiled = torch.compile(eager, mode="reduce-overhead", dynamic=False)
        series = {"trtvocoder": lambda: vocoder.decode(mel), "torch_eager": lambda: eager(mel), "torch_compile_graphs": lambda: compiled(mel)}
        times = {name: [] for name in series}
        with torch.inference_mode():
            for call in series.values():
                for _ in range(10):
                    call()
            for turn in range(ROUNDS):
                for name in list(series)[::1 if turn % 2 else -1]:
                    series[name]()
                    times[name] += [timed(series[name]) for _ in range(DECODES)]
        line = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "engine": os.path.basename(engine), "frames": frames, "decodes": ROUNDS * DECODES}
        for name, values in times.items():
            values.sort()
            line[name + "_ms"] = {"p50": round(statistics.median(values), 4), "p99": round(values[int(0.99 * len(values))], 4)}
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "check":
        sys.exit(check(*sys.argv[2:]))
    if len(sys.argv) in (3, 4) and sys.argv[1] == "time":
        sys.exit(measure(sys.argv[2], [int(value) for value in (sys.argv[3] if len(sys.argv) == 4 else "64,256,900").split(",")]))
    sys.exit(__doc__)
