"""Memory of the GPU: __cuda_array_interface__, and torch tensors through an engine without a way over the host."""
from __future__ import annotations

import importlib
import sys
import warnings
from typing import Any, Callable, List, Tuple

import numpy

from trtvocoder._library import InvalidArgumentError, UnsupportedError

#: Of memory that TensorRT itself reads and writes.
ALIGNMENT = 256
_TYPES = {"<f4": "float32", "<f2": "float16"}


def is_on_gpu(array: Any) -> bool:
    """Whether it lies on a GPU. torch's tensors on the CPU have the attribute too, and raise."""
    return bool(array.is_cuda) if hasattr(array, "is_cuda") else hasattr(array, "__cuda_array_interface__")


def on_host(mel: Any) -> "numpy.ndarray[Any, Any]":
    """The values of an array or a tensor, copied from the GPU where they lie there."""
    values: "numpy.ndarray[Any, Any]" = mel.detach().cpu().float().numpy() if _torch_of(mel) is not None else numpy.asarray(mel)
    return values


def likeness(mel: Any) -> "Callable[[numpy.ndarray[Any, Any]], Any]":
    """What makes samples as the mel is, without holding it: a tensor on its device for a tensor, else the array itself."""
    torch = _torch_of(mel)
    if torch is None:
        return lambda audio: audio
    device = mel.device
    return lambda audio: torch.from_numpy(audio).to(device)


def like(mel: Any, audio: "numpy.ndarray[Any, Any]") -> Any:
    """The samples as the mel is."""
    return likeness(mel)(audio)


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


def pointer(array: Any, expected_type: Any, name: str, alignment: int = 0) -> Tuple[Tuple[int, ...], int]:
    """Shape and address of an array on the GPU that a network can read or write as it is; the alignment is an element's size where none is told."""
    if expected_type is None:
        raise InvalidArgumentError("This model runs on the CPU: it takes no memory of the GPU.")
    facts = getattr(array, "__cuda_array_interface__", None)
    if facts is None:
        raise InvalidArgumentError(f"{name} is {type(array).__name__}, which has no __cuda_array_interface__.")
    found_type = _TYPES.get(facts["typestr"], facts["typestr"])
    if found_type != expected_type:
        raise InvalidArgumentError(f"{name} is {found_type}, but the engine's own type is {expected_type}.")
    shape, size = tuple(facts["shape"]), int(facts["typestr"][2:])
    strides = facts.get("strides")
    if strides is not None and count(shape) > 0 and any(extent > 1 and told != packed for extent, told, packed in zip(shape, strides, _row_major(shape, size))):
        raise InvalidArgumentError(f"{name} is not contiguous; copy it first.")
    address: int = facts["data"][0]
    if address % (alignment or size) != 0:
        raise InvalidArgumentError(f"The address of {name} is not a multiple of {alignment or size}; copy it into memory of its own.")
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
    info = session.info
    if not isinstance(mel, torch.Tensor):
        mel = torch.as_tensor(mel, device=f"cuda:{session.vocoder.device}" if info.is_engine else "cuda")
    if not info.is_engine or info.keeps_state:
        # The network is on the CPU, or its state where no caller's memory takes part; and so is the way.
        return like(mel, session.decode(on_host(mel)))
    if mel.dim() not in (2, 3) or mel.shape[-2] != info.n_mels:
        raise InvalidArgumentError(f"The mel is {list(mel.shape)}; expected [{info.n_mels}, frames] or [batch, {info.n_mels}, frames].")
    if mel.device.index != session.vocoder.device:
        raise InvalidArgumentError(
            f"The mel is on {mel.device}, but the engine on cuda:{session.vocoder.device}; load it with device={mel.device.index}, or move the mel there.")
    items = mel.detach() if mel.dim() == 3 else mel.detach()[None]
    audio = _decode(torch, session, items)
    return audio if mel.dim() == 3 else audio[0]


def _decode(torch: Any, session: Any, mel: Any) -> Any:
    vocoder = session.vocoder
    for way, (decoder, instead) in enumerate(((TorchDecoder, "torch makes the samples, on the GPU"), (TorchInverseDecoder, "decodes of tensors go over the host"))):
        if way < vocoder.device_way:
            continue
        try:
            return decoder(torch, session).decode(mel)
        except UnsupportedError as error:
            # An older GPU, another transform than the kernel's, outputs of another kind: for good, and said once.
            warnings.warn(f"{error} So {instead}.", RuntimeWarning, stacklevel=5)
            vocoder.device_way = way + 1
    return like(mel, session.decode(on_host(mel)))


class TorchDecoder:
    """Decodes tensors [batch, n_mels, frames] to samples [batch, samples] in float32, queued on torch's current stream: torch's types and streams, and one call."""

    def __init__(self, torch: Any, session: Any) -> None:
        self._torch = torch
        self._session = session
        self._info = session.info

    def decode(self, mel: Any) -> Any:
        """Mels of any length and number: the library has the windows."""
        torch, info = self._torch, self._info
        kind = torch.float32 if info.signal == "spectrum" else getattr(torch, info.device_output_type)
        audio = torch.empty((mel.shape[0], self._session.sample_count(mel.shape[-1])), dtype=kind, device=mel.device)
        self._enqueue(self._as_the_engine_takes_it(mel), (audio,), lambda values, stream: self._session.decode_audio_on_device(values, audio, stream=stream))
        return audio.float()

    def _as_the_engine_takes_it(self, mel: Any) -> Any:
        info = self._info
        return (mel.transpose(1, 2) if info.device_mel_frame_major else mel).to(getattr(self._torch, info.device_mel_type)).contiguous()

    def _enqueue(self, values: Any, outputs: Tuple[Any, ...], call: Any) -> None:
        torch = self._torch
        current = torch.cuda.current_stream(values.device)
        if current.cuda_stream != 0:
            call(values, current.cuda_stream)
            return
        # TensorRT does not take the default stream: the run goes to another one, between the current one's work before and after.
        stream = torch.cuda.Stream(values.device)
        stream.wait_stream(current)
        try:
            call(values, stream.cuda_stream)
        finally:
            # A call that failed half-way has left work there too.
            current.wait_stream(stream)
            for tensor in (values, *outputs):
                tensor.record_stream(stream)


class TorchInverseDecoder(TorchDecoder):
    """The same where the library turns no spectra into samples on this GPU: torch does it, behind runs of the network alone."""

    def decode(self, mel: Any) -> Any:
        """Mels of any length and number, in runs that the engine takes."""
        most = max(1, self._info.max_batch or mel.shape[0])
        audio = [self._decode_batch(mel[first:first + most]) for first in range(0, mel.shape[0], most)]
        return self._torch.cat(audio) if audio else mel.new_empty((0, self._session.sample_count(mel.shape[-1])), dtype=self._torch.float32)

    def _decode_batch(self, mel: Any) -> Any:
        info, frames = self._info, mel.shape[-1]
        if frames < info.min_frames:
            raise InvalidArgumentError(f"The mel has {frames} frames, but this model takes at least {info.min_frames}.")
        if info.max_frames is None or frames <= info.max_frames:
            return self._to_samples(*self.run(mel))
        margin = info.receptive_field_frames
        if margin is None or info.max_frames <= 2 * margin:
            raise InvalidArgumentError(
                f"The mel has {frames} frames, but the engine takes at most {info.max_frames} where torch makes the samples and too little is known for windows.")
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
        values = self._as_the_engine_takes_it(mel)
        if values.data_ptr() % ALIGNMENT != 0:
            values = values.clone()
        self._enqueue(values, outputs, lambda values, stream: self._session.decode_on_device(values, *outputs, stream=stream))
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
