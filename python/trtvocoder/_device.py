"""Memory of the GPU: __cuda_array_interface__, and torch tensors through an engine without a way over the host."""
from __future__ import annotations

import importlib
import sys
from typing import Any, List, Tuple

import numpy

from trtvocoder._library import InvalidArgumentError, UnsupportedError

_ALIGNMENT = 256
_TYPES = {"<f4": "float32", "<f2": "float16"}


def is_on_gpu(array: Any) -> bool:
    """Whether it lies on a GPU. torch's tensors on the CPU have the attribute too, and raise."""
    return bool(array.is_cuda) if hasattr(array, "is_cuda") else hasattr(array, "__cuda_array_interface__")


def on_host(mel: Any) -> "numpy.ndarray[Any, Any]":
    """The values of an array or a tensor, copied from the GPU where they lie there."""
    values: "numpy.ndarray[Any, Any]" = mel.detach().cpu().float().numpy() if _torch_of(mel) is not None else numpy.asarray(mel)
    return values


def like(mel: Any, audio: "numpy.ndarray[Any, Any]") -> Any:
    """The samples as the mel is: a tensor on its device for a tensor."""
    torch = _torch_of(mel)
    return torch.from_numpy(audio).to(mel.device) if torch is not None else audio


def _torch_of(array: Any) -> Any:
    """torch, where the array is a tensor of it; it is never imported for others."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(array, torch.Tensor) else None


def count(shape: Tuple[int, ...]) -> int:
    """Values of a shape."""
    values = 1
    for size in shape:
        values *= size
    return values


def pointer(array: Any, expected_type: Any, name: str) -> Tuple[Tuple[int, ...], int]:
    """Shape and address of an array on the GPU that a network can read or write as it is."""
    if expected_type is None:
        raise InvalidArgumentError("This model runs on the CPU: it takes no memory of the GPU.")
    facts = getattr(array, "__cuda_array_interface__", None)
    if facts is None:
        raise InvalidArgumentError(f"{name} is {type(array).__name__}, which has no __cuda_array_interface__.")
    found_type = _TYPES.get(facts["typestr"], facts["typestr"])
    if found_type != expected_type:
        raise InvalidArgumentError(f"{name} is {found_type}, but the engine's own type is {expected_type}.")
    shape = tuple(facts["shape"])
    strides = facts.get("strides")
    if strides is not None and tuple(strides) != _row_major(shape, int(facts["typestr"][2:])):
        raise InvalidArgumentError(f"{name} is not contiguous; copy it first.")
    address: int = facts["data"][0]
    if address % _ALIGNMENT != 0:
        raise InvalidArgumentError(f"The address of {name} is not a multiple of {_ALIGNMENT}; copy it into memory of its own.")
    return shape, address


def _row_major(shape: Tuple[int, ...], size: int) -> Tuple[int, ...]:
    strides: List[int] = []
    for extent in reversed(shape):
        strides.append(size)
        size *= extent
    return tuple(reversed(strides))


def decode(session: Any, mel: Any) -> Any:
    """Decodes a mel on the GPU to a torch tensor there."""
    torch: Any = importlib.import_module("torch")
    if not isinstance(mel, torch.Tensor):
        mel = torch.as_tensor(mel, device="cuda")
    if not session.info.is_engine:
        # The network is on the CPU, and so is the way.
        return like(mel, session.decode(on_host(mel)))
    try:
        return TorchDecoder(torch, session).decode(mel)
    except UnsupportedError:
        # An older GPU, or another transform than the kernel's: then torch does it.
        return TorchInverseDecoder(torch, session).decode(mel)


class TorchDecoder:
    """Windows and types in torch, around runs from and to its memory."""

    def __init__(self, torch: Any, session: Any) -> None:
        self._torch = torch
        self._session = session
        self._info = session.info

    def decode(self, mel: Any) -> Any:
        """[n_mels, frames] or [batch, n_mels, frames] to samples, queued on the current stream."""
        info = self._info
        if mel.dim() not in (2, 3) or mel.shape[-2] != info.n_mels:
            raise InvalidArgumentError(f"The mel is {list(mel.shape)}; expected [{info.n_mels}, frames] or [batch, {info.n_mels}, frames].")
        items = mel.detach() if mel.dim() == 3 else mel.detach()[None]
        most = info.max_batch or items.shape[0]
        audio = [self._decode_batch(items[first:first + most]) for first in range(0, items.shape[0], max(1, most))]
        samples = audio[0] if len(audio) == 1 else self._torch.cat(audio)
        return samples if mel.dim() == 3 else samples[0]

    def _decode_batch(self, mel: Any) -> Any:
        info, frames = self._info, mel.shape[-1]
        if frames < info.min_frames:
            raise InvalidArgumentError(f"The mel has {frames} frames, but this model takes at least {info.min_frames}.")
        if info.max_frames is None or frames <= info.max_frames:
            return self.run(mel)
        # The samples of a window that frames beyond it would change are at its cut edges; docs/architecture.md has the formulas.
        hop, n_fft, reach, longest = info.hop_length, info.n_fft, info.receptive_field_frames, info.max_frames
        trim = n_fft // 2 if info.padding == "center" else (n_fft - hop + 1) // 2
        if reach is not None:
            lead, tail = max(0, (reach - 1) * hop + n_fft - trim), reach * hop + trim
        if reach is None or longest * hop <= lead + tail + hop:
            raise InvalidArgumentError(f"The mel has {frames} frames, but the engine takes at most {longest} from memory of the GPU.")
        total, done, parts = self._session.sample_count(frames), 0, []
        while done < total:
            start = max(0, min((done - lead) // hop, frames - longest))
            end = start + longest
            up_to = total if end == frames else end * hop - tail
            parts.append(self.run(mel[..., start:end])[:, done - start * hop:up_to - start * hop])
            done = up_to
        return self._torch.cat(parts, 1)

    def run(self, mel: Any) -> Any:
        """One run, down to the samples, [batch, samples] in float32."""
        torch, info = self._torch, self._info
        kind = torch.float32 if info.signal == "spectrum" else getattr(torch, info.device_output_type)
        audio = torch.empty((mel.shape[0], self._session.sample_count(mel.shape[-1])), dtype=kind, device=mel.device)
        self._enqueue(mel, (audio,), lambda values, stream: self._session.decode_audio_on_device(values, audio, stream=stream))
        return audio.float()

    def _enqueue(self, mel: Any, outputs: Tuple[Any, ...], call: Any) -> None:
        torch = self._torch
        values = mel.to(getattr(torch, self._info.device_mel_type)).contiguous()
        if values.data_ptr() % _ALIGNMENT != 0:
            values = values.clone()
        current = torch.cuda.current_stream(mel.device)
        # TensorRT does not take the default stream: the run goes to another one, between the current one's work before and after.
        stream = current if current.cuda_stream != 0 else torch.cuda.Stream(mel.device)
        if stream is not current:
            stream.wait_stream(current)
        call(values, stream.cuda_stream)
        if stream is not current:
            current.wait_stream(stream)
            for tensor in (values, *outputs):
                tensor.record_stream(stream)


class TorchInverseDecoder(TorchDecoder):
    """The same where torch turns the network's spectra into samples."""

    def _decode_batch(self, mel: Any) -> Any:
        info, frames = self._info, mel.shape[-1]
        if frames < info.min_frames:
            raise InvalidArgumentError(f"The mel has {frames} frames, but this model takes at least {info.min_frames}.")
        if info.max_frames is None or frames <= info.max_frames:
            return self._to_samples(*self.run(mel))
        margin = info.receptive_field_frames
        if margin is None or info.max_frames <= 2 * margin:
            raise InvalidArgumentError(f"The mel has {frames} frames, but the engine takes at most {info.max_frames} from memory of the GPU.")
        parts = []
        # Spectra of windows, each without the frames that its inner edges spoil.
        for first in range(0, frames, info.max_frames - 2 * margin):
            start = max(0, min(first - margin, frames - info.max_frames))
            end = min(frames, start + info.max_frames)
            last = min(frames, first + info.max_frames - 2 * margin)
            parts.append([self._frames(part, first - start, last - start) for part in self.run(mel[..., start:end])])
        axis = self._frame_axis
        return self._to_samples(*(self._torch.cat(planes, axis) for planes in zip(*parts)))

    @property
    def _frame_axis(self) -> int:
        return 1 if self._info.device_output_frame_major else 2

    def _frames(self, plane: Any, first: int, last: int) -> Any:
        # A copy: the plane itself belongs to its run.
        return plane.narrow(self._frame_axis, first, last - first).clone()

    def run(self, mel: Any) -> Tuple[Any, ...]:
        """One run of the network: [real, imag], as the engine lays them out."""
        torch, info = self._torch, self._info
        batch, frames = mel.shape[0], mel.shape[-1]
        length = self._session.device_output_length(batch, frames)
        shape = (batch, length // batch // frames, frames)
        if info.device_output_frame_major:
            shape = (batch, frames, shape[1])
        outputs = tuple(torch.empty(shape, dtype=getattr(torch, info.device_output_type), device=mel.device) for _ in range(2))
        self._enqueue(mel, outputs, lambda values, stream: self._session.decode_on_device(values, *outputs, stream=stream))
        return outputs

    def _to_samples(self, real: Any, imag: Any) -> Any:
        torch, info = self._torch, self._info
        if info.device_output_frame_major:
            real, imag = real.transpose(1, 2), imag.transpose(1, 2)
        spectrum = torch.complex(real.float(), imag.float())
        window = torch.hann_window(info.n_fft, device=real.device)
        if info.padding == "center":
            return torch.istft(spectrum, info.n_fft, info.hop_length, window=window, center=True)
        frames = torch.fft.irfft(spectrum, info.n_fft, dim=1) * window[None, :, None]
        length = (real.shape[-1] - 1) * info.hop_length + info.n_fft
        weight = (window * window)[None, :, None].expand(1, -1, real.shape[-1])
        trim = (info.n_fft - info.hop_length) // 2
        return (self._overlap(frames, length) / self._overlap(weight, length).clamp_min(1e-11))[:, trim:length - trim]

    def _overlap(self, frames: Any, length: int) -> Any:
        fold = self._torch.nn.functional.fold(frames, (1, length), (1, self._info.n_fft), stride=(1, self._info.hop_length))
        return fold[:, 0, 0]
