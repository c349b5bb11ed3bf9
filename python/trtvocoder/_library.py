"""The C library (trtvocoder.h) by ctypes, which lets other threads of Python run during a call."""
from __future__ import annotations

import ctypes
import pathlib
import threading
from ctypes import POINTER, Structure, c_char_p, c_float, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from typing import Callable, Dict, List, Optional, Tuple, Type

_ABI_VERSION = 1


class TrtVocoderError(Exception):
    """A call failed; the text is one sentence."""

    def __init__(self, message: str, status: int = 0, kind: int = 0, native_code: int = 0) -> None:
        super().__init__(message)
        #: trtvocoder_status of trtvocoder.h.
        self.status = status
        #: The number of the failure's kind (TrtVocoder.FailureKind); 0 where nothing more is to be told.
        self.kind = kind
        #: The CUresult of a CudaError, else 0.
        self.native_code = native_code


class InvalidArgumentError(TrtVocoderError, ValueError):
    """An argument is out of range, or does not fit the model."""


class OutOfMemoryError(TrtVocoderError, MemoryError):
    """There is not enough host memory."""


class FileSystemError(TrtVocoderError, OSError):
    """A file is missing or cannot be read."""


class BadDataError(TrtVocoderError, ValueError):
    """A model or a mel cannot be used: damaged, foreign, not finite."""


class MissingLibraryError(TrtVocoderError):
    """A native library is missing or unusable, or there is no GPU."""


class CudaError(TrtVocoderError):
    """The CUDA driver failed; native_code is its CUresult."""


class TensorRtError(TrtVocoderError):
    """TensorRT refused or failed."""


class BusyError(TrtVocoderError):
    """Another thread is using the session or the stream."""


class ModelError(TrtVocoderError):
    """Another failure of the model or of what runs it: its output is not finite, the mel is too short."""


class ForkedError(TrtVocoderError):
    """The call was made in a child process after fork."""


class UnsupportedError(TrtVocoderError):
    """This model or its backend has no such feature."""


class InternalError(TrtVocoderError):
    """A fault of this library; please report it."""


class CancelledError(TrtVocoderError):
    """A request was cancelled before it was done."""


class InvalidStateError(TrtVocoderError):
    """A stream's utterance is over: complete, or a push of it failed."""


# Each status of trtvocoder.h.
_ERRORS: Dict[int, Type[TrtVocoderError]] = {
    -1: InvalidArgumentError,
    -2: OutOfMemoryError,
    -3: FileSystemError,
    -4: BadDataError,
    -5: MissingLibraryError,
    -6: CudaError,
    -7: TensorRtError,
    -8: BusyError,
    -9: ModelError,
    -10: ForkedError,
    -11: UnsupportedError,
    -12: InternalError,
    -13: CancelledError,
    -14: InvalidStateError,
}


class _Sized(Structure):
    """A struct whose first field is its size."""

    def __init__(self, **fields: object) -> None:
        super().__init__(struct_size=ctypes.sizeof(type(self)), **fields)


class ErrorStruct(_Sized):
    _fields_ = [("struct_size", c_uint32), ("status", c_int32), ("kind", c_int32), ("native_code", c_int32), ("message", c_char_p)]


class OptionsStruct(_Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("device", c_int32),
        ("threads", c_int32),
        ("inverse_stft_threads", c_int32),
        ("runs_in_flight", c_int32),
        ("max_window_frames", c_int32),
        ("windows", c_char_p),
        ("skips_output_check", c_int32),
        ("profile", c_int32),
        ("buffers", c_int32),
        ("without_graphs", c_int32),
        ("allows_host_code", c_int32),
        ("runtime", c_int32),
        ("library_folder", c_char_p),
        ("mel_count", c_int32),
        ("sample_rate", c_int32),
        ("fft_length", c_int32),
        ("hop_length", c_int32),
        ("padding", c_int32),
        ("receptive_field_frames", c_int32),
        ("mel_floor", c_float),
        ("reserved", c_int32),
        ("real_output", c_char_p),
        ("imag_output", c_char_p),
        ("audio_output", c_char_p),
        ("inverse_stft", c_int32),
        ("waiting", c_int32),
        ("has_bandwidth_id", c_int32),
        ("bandwidth_id", c_int32),
    ]


class InfoStruct(_Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("sample_rate", c_int32),
        ("mel_count", c_int32),
        ("fft_length", c_int32),
        ("hop_length", c_int32),
        ("padding", c_int32),
        ("mel_floor", c_float),
        ("receptive_field_frames", c_int32),
        ("min_frames", c_int32),
        ("max_frames", c_int32),
        ("max_batch", c_int32),
        ("signal", c_int32),
        ("takes_device_pointers", c_int32),
        ("device_mel_type", c_int32),
        ("device_output_type", c_int32),
        ("device_output_frame_major", c_int32),
        ("backend", c_char_p),
        ("notes", c_char_p),
        ("device_mel_frame_major", c_int32),
        ("keeps_state", c_int32),
    ]


class StreamOptionsStruct(_Sized):
    _fields_ = [("struct_size", c_uint32), ("layout", c_int32)]


class StreamInfoStruct(_Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("lookahead_frames", c_int32),
        ("first_sample_frames", c_int32),
        ("held_frames", c_int32),
        ("available_samples", c_int32),
        ("is_complete", c_int32),
        ("pushed_frames", c_int64),
    ]


_LOG_CALLBACK = ctypes.CFUNCTYPE(None, c_void_p, c_int32, c_char_p, c_char_p)

# Function -> its arguments; each gives a status.
_FUNCTIONS: Dict[str, List[object]] = {
    "get_last_error": [POINTER(ErrorStruct)],
    "log_set_callback": [_LOG_CALLBACK, c_void_p, c_int32],
    "vocoder_load_file": [c_char_p, POINTER(OptionsStruct), POINTER(c_void_p)],
    "vocoder_load_memory": [c_char_p, c_int64, c_char_p, POINTER(OptionsStruct), POINTER(c_void_p)],
    "vocoder_get_info": [c_void_p, POINTER(InfoStruct)],
    "vocoder_get_sample_count": [c_void_p, c_int32, POINTER(c_int32)],
    "session_create": [c_void_p, c_int32, POINTER(c_void_p)],
    "session_warm_up": [c_void_p],
    "session_warm_up_shape": [c_void_p, c_int32, c_int32],
    "session_decode": [c_void_p, c_void_p, c_int32, c_int32, c_void_p, c_int64, POINTER(c_int32)],
    "session_get_device_output_length": [c_void_p, c_int32, c_int32, POINTER(c_int64)],
    "session_decode_on_device": [c_void_p, c_uint64, c_int32, c_int32, c_uint64, c_uint64, c_void_p],
    "session_decode_audio_on_device": [c_void_p, c_uint64, c_int32, c_int32, c_uint64, c_void_p],
    "session_get_frame_count": [c_void_p, c_int32, POINTER(c_int32)],
    "session_compute_mel": [c_void_p, c_void_p, c_int32, c_void_p, c_int64, POINTER(c_int32)],
    "session_get_profile": [c_void_p, POINTER(c_char_p)],
    "stream_create": [c_void_p, POINTER(StreamOptionsStruct), POINTER(c_void_p)],
    "stream_warm_up": [c_void_p, c_int32],
    "stream_push": [c_void_p, c_void_p, c_int32, POINTER(c_int32)],
    "stream_complete": [c_void_p, POINTER(c_int32)],
    "stream_read": [c_void_p, c_void_p, c_int64, POINTER(c_int32)],
    "stream_reset": [c_void_p],
    "stream_get_info": [c_void_p, POINTER(StreamInfoStruct)],
}

_gate = threading.Lock()
_loaded: Optional[ctypes.CDLL] = None
_log_callback: object = None


def _load() -> ctypes.CDLL:
    global _loaded
    if _loaded is not None:
        return _loaded
    with _gate:
        if _loaded is None:
            path = pathlib.Path(__file__).resolve().parent / "lib" / "libtrtvocoder.so"
            try:
                library = ctypes.CDLL(str(path))
            except OSError as error:
                raise MissingLibraryError(f"The library of the package cannot be loaded: {error}; install the wheel again.") from None
            found = library.trtvocoder_get_abi_version()
            if found != _ABI_VERSION:
                raise MissingLibraryError(f"{path} is of ABI version {found}, not {_ABI_VERSION}; install the wheel again.")
            for name, arguments in _FUNCTIONS.items():
                function = getattr(library, "trtvocoder_" + name)
                function.argtypes = arguments
                function.restype = c_int32
            for name in ("vocoder_destroy", "session_destroy", "stream_destroy"):
                function = getattr(library, "trtvocoder_" + name)
                function.argtypes = [c_void_p]
                function.restype = None
            library.trtvocoder_get_version.restype = c_char_p
            _loaded = library
    return _loaded


def call(name: str, *arguments: object) -> None:
    """Calls a function of the library, without its prefix. Raises TrtVocoderError."""
    library = _load()
    status = getattr(library, "trtvocoder_" + name)(*arguments)
    if status == 0:
        return
    error = ErrorStruct()
    library.trtvocoder_get_last_error(ctypes.byref(error))
    raise _ERRORS.get(status, TrtVocoderError)(error.message.decode(), status, error.kind, error.native_code)


def destroy(kind: str, handle: int) -> None:
    """Gives a handle back. Never fails."""
    if _loaded is not None:
        getattr(_loaded, f"trtvocoder_{kind}_destroy")(handle)


def library_version() -> str:
    """The library's version."""
    version: bytes = _load().trtvocoder_get_version()
    return version.decode()


def set_log_handler(handler: Optional[Callable[[int, str, str], None]], severity: int = 2) -> None:
    """Sends TensorRT's log messages at least as grave as severity (0 fault, 1 error, 2 warning, 3 info, 4 all) to handler(severity, source, text), from any thread; None
    stops it. For the whole process."""
    global _log_callback
    if handler is None:
        call("log_set_callback", _LOG_CALLBACK(), None, severity)
        return

    def receive(_user: int, grave: int, source: bytes, text: bytes) -> None:
        handler(grave, source.decode("utf-8", "replace"), text.decode("utf-8", "replace"))

    callback = _LOG_CALLBACK(receive)
    call("log_set_callback", callback, None, severity)
    # Kept for good: a message may be under way while another handler is set.
    _log_callback = (callback, _log_callback)
