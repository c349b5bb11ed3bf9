#!/usr/bin/env python3
"""
The wheel with torch on a GPU: python_torch.py ENGINE MEL.npy. Decodes CUDA tensors on the default stream and on another, with work queued before and after, against
the decode from host memory; ends in 'N passed, N failed, N skipped'. Needs a Python with torch for CUDA, where the wheel is installed.
"""
import sys

import numpy
import torch

import trtvocoder
from trtvocoder import f5tts


def snr_db(expected, actual):
    return float(10 * torch.log10((expected ** 2).sum() / ((expected - actual) ** 2).sum().clamp_min(1e-30)))


def main():
    engine, mel_file = sys.argv[1:]
    mel = numpy.load(mel_file).astype(numpy.float32)
    vocoder = f5tts.load_vocoder(is_local=True, local_path=engine, device="cuda")
    failed = passed = 0
    for frames in (64, 256, min(900, mel.shape[1])):
        expected = torch.from_numpy(vocoder.vocoder.decode(mel[:, :frames]))
        # As F5-TTS passes it: a permuted view.
        view = torch.from_numpy(mel[:, :frames].T.copy()).cuda()[None].permute(0, 2, 1)
        for name, stream in (("default", torch.cuda.default_stream()), ("own", torch.cuda.Stream())):
            for kind in (torch.float32, torch.float16):
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
                least = 55 if kind == torch.float32 else 40
                is_good = audio.is_cuda and ratio >= least
                passed, failed = passed + is_good, failed + (not is_good)
                print(f"{'pass' if is_good else 'FAIL'}  {frames} frames, {name} stream, {kind}: {ratio:.1f} dB, at least {least}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
