"""Vocos vocoder: mel spectrograms to speech, by a TensorRT engine or an ONNX model inside this process.

    with trtvocoder.Vocoder.load("vocos.engine") as vocoder:
        audio = vocoder.decode(mel)          # [n_mels, frames] -> [samples]
        for part in vocoder.stream(pieces):  # as the mel arrives
            play(part)

docs/python.md of the project tells the rest.
"""
from trtvocoder._library import (
    BadDataError,
    BusyError,
    CancelledError,
    CudaError,
    FileSystemError,
    ForkedError,
    InternalError,
    InvalidArgumentError,
    InvalidStateError,
    MissingLibraryError,
    ModelError,
    OutOfMemoryError,
    TensorRtError,
    TrtVocoderError,
    UnsupportedError,
    library_version,
    set_log_handler,
)
from trtvocoder._stream import Stream
from trtvocoder._vocoder import ModelInfo, Session, Vocoder

__all__ = [
    "BadDataError",
    "BusyError",
    "CancelledError",
    "CudaError",
    "FileSystemError",
    "ForkedError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidStateError",
    "MissingLibraryError",
    "ModelError",
    "ModelInfo",
    "OutOfMemoryError",
    "Session",
    "Stream",
    "TensorRtError",
    "TrtVocoderError",
    "UnsupportedError",
    "Vocoder",
    "library_version",
    "set_log_handler",
]
