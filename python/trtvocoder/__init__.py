"""Vocos vocoder: mel spectrograms to speech, by a TensorRT engine or an ONNX model inside this process.

    with trtvocoder.Vocoder.load("vocos.engine") as vocoder:
        audio = vocoder.decode(mel)          # [n_mels, frames] -> [samples]

docs/python.md of the project tells the rest.
"""
from trtvocoder._library import (
    BadDataError,
    BusyError,
    FileSystemError,
    InvalidArgumentError,
    MissingLibraryError,
    TrtVocoderError,
    UnsupportedError,
    library_version,
    set_log_handler,
)
from trtvocoder._vocoder import ModelInfo, Session, Vocoder

__all__ = [
    "BadDataError",
    "BusyError",
    "FileSystemError",
    "InvalidArgumentError",
    "MissingLibraryError",
    "ModelInfo",
    "Session",
    "TrtVocoderError",
    "UnsupportedError",
    "Vocoder",
    "library_version",
    "set_log_handler",
]
