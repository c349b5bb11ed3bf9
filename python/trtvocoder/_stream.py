"""A mel that arrives in pieces."""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Iterable, Iterator

import numpy

from trtvocoder import _device
from trtvocoder._handle import Handle
from trtvocoder._library import InvalidArgumentError, StreamInfoStruct, StreamOptionsStruct, UnsupportedError, call

if TYPE_CHECKING:
    from typing_extensions import Literal

    Layout = Literal["bands-major", "frame-major"]

_LAYOUTS = ("bands-major", "frame-major")


class Stream(Handle):
    """
    Decodes one utterance after another, each as it arrives, on one thread at a time: another gets BusyError. Vocoder.stream() makes it.

        with vocoder.stream() as stream:
            for piece in pieces:
                play(stream.push(piece))
            play(stream.complete())
    """

    _kind = "stream"

    def __init__(self, vocoder: int, n_mels: int, layout: Layout) -> None:
        super().__init__()
        if layout not in _LAYOUTS:
            raise InvalidArgumentError(f"The layout is '{layout}'; it is one of {', '.join(_LAYOUTS)}.")
        self._n_mels = n_mels
        self._is_frame_major = layout == "frame-major"
        # Gives samples as the last piece was: complete() too.
        self._like = _device.likeness(None)
        handle = ctypes.c_void_p()
        call("stream_create", vocoder, ctypes.byref(StreamOptionsStruct(layout=_LAYOUTS.index(layout))), ctypes.byref(handle))
        self._handle = handle.value

    def push(self, mel: Any) -> Any:
        """
        Adds the next frames, of natural-log amplitudes: [n_mels, frames], or [frames, n_mels] of a "frame-major" stream, or [n_mels] of one frame; of any float type and
        strides, 0 frames and more. Gives the samples that are finished by them, [samples] in float32, often none at first and as many as the frames have on the whole:
        a numpy array for a numpy array, a torch tensor on its device for a torch tensor. A stream works in host memory: a tensor on a GPU is copied there and its samples back,
        N * n_mels * 4 bytes a push of N frames, which waits for the work that was queued before. What is not taken (NaN, another shape) leaves the stream as it
        was; after a failure of the model or the GPU reset() comes first.
        """
        values = self._frames(mel)
        available = ctypes.c_int32()
        call("stream_push", self._get(), values.ctypes.data, values.size // self._n_mels, ctypes.byref(available))
        self._like = _device.likeness(mel)
        return self._read(available.value)

    def complete(self) -> Any:
        """Ends the utterance and gives the rest of its samples, as push does. Raises InvalidStateError after a push that failed."""
        available = ctypes.c_int32()
        call("stream_complete", self._get(), ctypes.byref(available))
        return self._read(available.value)

    def reset(self) -> None:
        """Begins another utterance."""
        call("stream_reset", self._get())

    def warm_up(self, frames: int) -> None:
        """Makes every shape ready that pushes of up to so many frames use, so that none pays for one, and begins another utterance. Seconds on a GPU."""
        call("stream_warm_up", self._get(), frames)

    @property
    def lookahead_frames(self) -> int:
        """By how many frames samples come after the mel."""
        return int(self._info().lookahead_frames)

    @property
    def first_sample_frames(self) -> int:
        """Frames until the first samples come, unless the utterance ends earlier."""
        return int(self._info().first_sample_frames)

    @property
    def held_frames(self) -> int:
        """Frames pushed whose samples wait for frames to come; 0 once complete."""
        return int(self._info().held_frames)

    @property
    def pushed_frames(self) -> int:
        """Frames pushed since the utterance began."""
        return int(self._info().pushed_frames)

    @property
    def is_complete(self) -> bool:
        """Whether the utterance is complete."""
        return bool(self._info().is_complete)

    def _parts(self, pieces: Iterable[Any]) -> Iterator[Any]:
        with self:
            for piece in pieces:
                part = self.push(piece)
                if len(part) > 0:
                    yield part
            rest = self.complete()
            if len(rest) > 0:
                yield rest

    def _frames(self, mel: Any) -> "numpy.ndarray[Any, Any]":
        if _device.is_on_gpu(mel) and not hasattr(mel, "is_cuda"):
            raise UnsupportedError("A stream takes numpy arrays and torch tensors; copy the piece to the host first.")
        values = _device.on_host(mel)
        if values.shape == (self._n_mels,):
            values = values[None] if self._is_frame_major else values[:, None]
        if values.ndim != 2 or values.shape[1 if self._is_frame_major else 0] != self._n_mels:
            expected = f"[frames, {self._n_mels}]" if self._is_frame_major else f"[{self._n_mels}, frames]"
            raise InvalidArgumentError(f"The piece is {list(values.shape)}; expected {expected}, or [{self._n_mels}] of one frame.")
        return numpy.ascontiguousarray(values, dtype=numpy.float32)

    def _read(self, available: int) -> Any:
        audio = numpy.empty(available, dtype=numpy.float32)
        written = ctypes.c_int32()
        call("stream_read", self._get(), audio.ctypes.data, audio.size, ctypes.byref(written))
        # Beyond that the memory was not written.
        return self._like(audio[: written.value])

    def _info(self) -> StreamInfoStruct:
        info = StreamInfoStruct()
        call("stream_get_info", self._get(), ctypes.byref(info))
        return info
