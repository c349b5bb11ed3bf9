"""Vocoder and Session: what users hold."""
from __future__ import annotations

import collections
import ctypes
import dataclasses
import json
import os
from typing import TYPE_CHECKING, Any, Deque, Dict, Iterable, Iterator, Optional, Tuple, Union, overload

import numpy

from trtvocoder import _device
from trtvocoder._handle import Handle
from trtvocoder._library import InfoStruct, InvalidArgumentError, call
from trtvocoder._options import read_options
from trtvocoder._stream import Stream

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from trtvocoder._options import VocoderOptions
    from trtvocoder._stream import Layout

_UNLIMITED = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class ModelInfo:
    """Facts about a loaded model."""

    sample_rate: int
    n_mels: int
    n_fft: int
    hop_length: int
    #: "center" or "same".
    padding: str
    #: The floor under mel amplitudes before the logarithm.
    mel_floor: float
    #: Frames to each side that an output frame depends on; None where unknown.
    receptive_field_frames: Optional[int]
    min_frames: int
    #: The most frames of one run; None for no limit.
    max_frames: Optional[int]
    #: The most items of one run; None for no limit.
    max_batch: Optional[int]
    #: "spectrum" or "waveform".
    signal: str
    #: Whether it is an engine, which decodes on a GPU, and from memory of it unless it keeps state.
    is_engine: bool
    #: An engine's mel on the GPU: "float32" or "float16"; None on the CPU.
    device_mel_type: Optional[str]
    #: The same of its results.
    device_output_type: Optional[str]
    #: Whether an engine's spectrum is [batch, frames, bins], not [batch, bins, frames].
    device_output_frame_major: bool
    #: Whether an engine's mel is [batch, frames, n_mels] on the GPU, not [batch, n_mels, frames]. In host memory, and as a torch tensor, it is the latter for every model.
    device_mel_frame_major: bool
    #: Whether it was exported for streaming: a stream computes each frame once, and an engine takes no memory of the GPU.
    keeps_state: bool
    #: What runs it, for people.
    backend: str
    #: What was guessed or assumed of the model, a sentence each.
    notes: Tuple[str, ...]


class Session(Handle):
    """Decoders and buffers of a vocoder, for one thread at a time: another gets BusyError. Vocoder.session() makes it."""

    _kind = "session"

    def __init__(self, vocoder: "Vocoder", profile_capacity: int = 0) -> None:
        super().__init__()
        self.info = vocoder.info
        #: Whose session it is.
        self.vocoder = vocoder
        handle = ctypes.c_void_p()
        call("session_create", vocoder._get(), profile_capacity, ctypes.byref(handle))
        self._handle = handle.value

    def decode(self, mel: Any) -> Any:
        """Decodes a mel of natural-log amplitudes: see Vocoder.decode."""
        if _device.is_on_gpu(mel):
            return _device.decode(self, mel)
        return _device.like(mel, self._decode_host(_device.on_host(mel)))

    def _decode_host(self, values: "numpy.ndarray[Any, Any]") -> "numpy.ndarray[Any, Any]":
        if values.ndim not in (2, 3) or values.shape[-2] != self.info.n_mels:
            raise InvalidArgumentError(
                f"The mel is {list(values.shape)}; expected [{self.info.n_mels}, frames] or [batch, {self.info.n_mels}, frames].")
        mel = numpy.ascontiguousarray(values, dtype=numpy.float32)
        batch = mel.shape[0] if mel.ndim == 3 else 1
        samples = self.vocoder.sample_count(mel.shape[-1])
        audio: "numpy.ndarray[Any, Any]" = numpy.empty((batch, samples), dtype=numpy.float32)
        call("session_decode", self._get(), mel.ctypes.data, batch, mel.shape[-1], audio.ctypes.data, audio.size, None)
        return audio if mel.ndim == 3 else audio.reshape(samples)

    def decode_on_device(self, mel: Any, real_or_audio: Any, imag: Any = None, *, stream: int) -> None:
        """
        Enqueues one run from and to memory of the GPU on a CUDA stream (its address; not the default stream) and returns at once. All three are objects with
        __cuda_array_interface__ (torch, CuPy, Numba), contiguous, aligned to 256 bytes, of the types that info tells: the mel [batch, n_mels, frames] ([batch, frames,
        n_mels] where info.device_mel_frame_major says so), and what the network puts out, of device_output_length() values: the spectrum's real and imaginary parts, or
        the samples alone. They must live until the work is done.
        """
        address, batch, frames = self._device_mel(mel, _device.ALIGNMENT)
        length = self.device_output_length(batch, frames)
        outputs = []
        for name, array in (("real_or_audio", real_or_audio), ("imag", imag)):
            if array is None:
                outputs.append(0)
                continue
            size, output = _device.pointer(array, self.info.device_output_type, name, _device.ALIGNMENT)
            if _device.count(size) != length:
                raise InvalidArgumentError(f"{name} has {_device.count(size)} values, but the network puts out {length}.")
            outputs.append(output)
        call("session_decode_on_device", self._get(), address, batch, frames, outputs[0], outputs[1], stream)

    def decode_audio_on_device(self, mel: Any, audio: Any, *, stream: int) -> None:
        """
        The same down to samples, [batch, samples] in FP32 (of an engine that puts out samples itself in its own type), of mels of any length and number, at any address:
        in windows where one run takes less, by CUDA graphs where warm_up() made a shape ready, and the inverse STFT runs behind the network on the same stream. Raises
        UnsupportedError where the GPU cannot do it.
        """
        address, batch, frames = self._device_mel(mel)
        size, output = _device.pointer(audio, self.info.device_output_type if self.info.signal == "waveform" else "float32", "audio")
        samples = batch * self.vocoder.sample_count(frames)
        if _device.count(size) != samples:
            raise InvalidArgumentError(f"audio has {_device.count(size)} values, but the mel decodes to {samples}.")
        call("session_decode_audio_on_device", self._get(), address, batch, frames, output, stream)

    def _device_mel(self, mel: Any, alignment: int = 0) -> Tuple[int, int, int]:
        """Address, items and frames of a mel on the GPU, as the engine takes it."""
        shape, address = _device.pointer(mel, self.info.device_mel_type, "mel", alignment)
        bands, frames = (2, 1) if self.info.device_mel_frame_major else (1, 2)
        if len(shape) != 3 or shape[bands] != self.info.n_mels:
            expected = f"[batch, frames, {self.info.n_mels}]" if self.info.device_mel_frame_major else f"[batch, {self.info.n_mels}, frames]"
            raise InvalidArgumentError(f"The mel is {list(shape)}; expected {expected}.")
        return address, shape[0], shape[frames]

    def sample_count(self, frames: int) -> int:
        """Samples that so many frames decode to."""
        return self.vocoder.sample_count(frames)

    def device_output_length(self, batch: int, frames: int) -> int:
        """Values of each output of decode_on_device."""
        length = ctypes.c_int64()
        call("session_get_device_output_length", self._get(), batch, frames, ctypes.byref(length))
        return length.value

    def mel(self, audio: Any) -> "numpy.ndarray[Any, Any]":
        """The mel [n_mels, frames] that the model takes, of samples at its sample rate."""
        sound = numpy.ascontiguousarray(audio, dtype=numpy.float32)
        if sound.ndim != 1:
            raise InvalidArgumentError(f"The sound is {list(sound.shape)}; expected [samples].")
        frames = ctypes.c_int32()
        call("session_get_frame_count", self._get(), sound.size, ctypes.byref(frames))
        mel = numpy.empty((self.info.n_mels, frames.value), dtype=numpy.float32)
        call("session_compute_mel", self._get(), sound.ctypes.data, sound.size, mel.ctypes.data, mel.size, None)
        return mel

    def warm_up(self, frames: Optional[int] = None, batch: int = 1) -> None:
        """Makes every window ready, or the shapes that decodes of so many frames use, so that no decode pays for them."""
        if frames is None:
            call("session_warm_up", self._get())
        else:
            call("session_warm_up_shape", self._get(), batch, frames)

    def profile(self) -> Dict[str, Any]:
        """Times of the decodes so far, of a session made with a profile_capacity."""
        text = ctypes.c_char_p()
        call("session_get_profile", self._get(), ctypes.byref(text))
        assert text.value is not None
        result: Dict[str, Any] = json.loads(text.value)
        return result


class Vocoder(Handle):
    """A loaded model. Any number of threads may use it at once."""

    _kind = "vocoder"

    def __init__(self, model: Union[str, "os.PathLike[str]", bytes], **options: Unpack[VocoderOptions]) -> None:
        super().__init__()
        handle = ctypes.c_void_p()
        told = read_options(options)
        #: The GPU's number.
        self.device = int(told.device)
        #: Which way tensors on the GPU take, as was found out: 0 the library's, 1 torch's own inverse STFT, 2 the host.
        self.device_way = 0
        if isinstance(model, bytes):
            call("vocoder_load_memory", model, len(model), None, ctypes.byref(told), ctypes.byref(handle))
        else:
            call("vocoder_load_file", os.fsencode(model), ctypes.byref(told), ctypes.byref(handle))
        self._handle = handle.value
        self.info = _read_info(self._get())
        self._idle: Deque[Session] = collections.deque()

    @classmethod
    def load(cls, model: Union[str, "os.PathLike[str]", bytes], **options: Unpack[VocoderOptions]) -> "Vocoder":
        """
        Loads an engine or an ONNX model, from a file or from bytes. Options, by name (docs/python.md; None is the default): device, threads, windows, max_window_frames,
        runs_in_flight, inverse_stft, inverse_stft_threads, sleeps_while_waiting, buffers, without_graphs, profile, runtime, library_folder, allows_host_code,
        skips_output_check; and of models that do not say it mel_count, sample_rate, fft_length, hop_length, padding, receptive_field_frames, mel_floor, bandwidth_id,
        real_output, imag_output, audio_output.
        """
        return cls(model, **options)

    def decode(self, mel: Any) -> Any:
        """
        Decodes a mel of natural-log amplitudes, [n_mels, frames] or [batch, n_mels, frames], of any float type and strides, to samples [samples] or [batch, samples] in
        float32. A numpy array gives a numpy array, a torch tensor a torch tensor on its device: on the GPU, with an engine, nothing goes through the host and nothing
        waits; the work is queued on torch's current stream. Of several threads each takes a session of its own.
        """
        session = self._take()
        try:
            return session.decode(mel)
        finally:
            self._give_back(session)

    def warm_up(self, frames: Optional[int] = None, batch: int = 1, threads: int = 1) -> None:
        """
        Makes every window ready, or the shapes that decodes of so many frames use, in the sessions of so many threads that decode at once, so that none of their decodes
        pays for a shape. Seconds on a GPU; sessions that come later are not warm.
        """
        sessions = [self._take() for _ in range(threads)]
        try:
            for session in sessions:
                session.warm_up(frames, batch)
        finally:
            for session in sessions:
                self._give_back(session)

    def _take(self) -> Session:
        self._get()
        try:
            return self._idle.pop()
        except IndexError:
            return Session(self)

    def _give_back(self, session: Session) -> None:
        self._idle.append(session)
        if self._handle is None:
            self._close_idle()

    def session(self, profile_capacity: int = 0) -> Session:
        """Makes a session of one's own: for warming up, and with a profile_capacity for times."""
        return Session(self, profile_capacity)

    @overload
    def stream(self, pieces: None = None, *, layout: Layout = "bands-major") -> Stream: ...

    @overload
    def stream(self, pieces: Iterable[Any], *, layout: Layout = "bands-major") -> Iterator[Any]: ...

    def stream(self, pieces: Optional[Iterable[Any]] = None, *, layout: Layout = "bands-major") -> Union[Stream, Iterator[Any]]:
        """
        Decodes a mel as it arrives: samples come as soon as no later frame can change them, and together they are those of decode of the whole. Without pieces, gives a
        Stream to push to. With them, an iterable of the mel's pieces, gives an iterator of parts of the samples, each as soon as it is finished, none of them empty.
        Each is [n_mels, frames] ([frames, n_mels] with layout="frame-major"), or [n_mels] of one frame, of any number of frames, as decode takes it. The stream has
        buffers of its own, so that any number of them work at once, each on one thread at a time.
        """
        stream = Stream(self._get(), self.info.n_mels, layout)
        return stream if pieces is None else stream._parts(pieces)

    def sample_count(self, frames: int) -> int:
        """Samples that so many frames decode to."""
        samples = ctypes.c_int32()
        call("vocoder_get_sample_count", self._get(), frames, ctypes.byref(samples))
        return samples.value

    @property
    def sample_rate(self) -> int:
        """Sample rate in Hz."""
        return self.info.sample_rate

    @property
    def n_mels(self) -> int:
        """Mel bands."""
        return self.info.n_mels

    def close(self) -> None:
        """Frees it and its idle sessions. Any number of times."""
        super().close()
        if hasattr(self, "_idle"):
            self._close_idle()

    def _close_idle(self) -> None:
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return


def _read_info(handle: int) -> ModelInfo:
    info = InfoStruct()
    call("vocoder_get_info", handle, ctypes.byref(info))
    types = {0: "float32", 1: "float16"}
    notes = info.notes.decode()
    return ModelInfo(
        sample_rate=info.sample_rate,
        n_mels=info.mel_count,
        n_fft=info.fft_length,
        hop_length=info.hop_length,
        padding="same" if info.padding == 1 else "center",
        mel_floor=info.mel_floor,
        receptive_field_frames=None if info.receptive_field_frames < 0 else info.receptive_field_frames,
        min_frames=info.min_frames,
        max_frames=None if info.max_frames == _UNLIMITED else info.max_frames,
        max_batch=None if info.max_batch == _UNLIMITED else info.max_batch,
        signal="waveform" if info.signal == 1 else "spectrum",
        is_engine=info.takes_device_pointers == 1,
        device_mel_type=types.get(info.device_mel_type),
        device_output_type=types.get(info.device_output_type),
        device_output_frame_major=info.device_output_frame_major == 1,
        device_mel_frame_major=info.device_mel_frame_major == 1,
        keeps_state=info.keeps_state == 1,
        backend=info.backend.decode(),
        notes=tuple(notes.split("\n")) if notes else (),
    )
