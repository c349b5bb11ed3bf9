"""
In place of F5-TTS's vocoder: docs/f5-tts.md.

    from trtvocoder.f5tts import load_vocoder
    vocoder = load_vocoder(is_local=True, local_path="vocos.engine", device="cuda")
"""
from __future__ import annotations

import os
import pathlib
from typing import Any, Optional, Union

from trtvocoder._library import InvalidArgumentError
from trtvocoder._vocoder import Vocoder


class F5Vocoder:
    """What F5-TTS's infer_process does with its vocoder. Any number of threads at once."""

    #: F5-TTS and Vocos' own code look at it.
    training = False

    def __init__(self, vocoder: Vocoder) -> None:
        self.vocoder = vocoder

    def decode(self, mel: Any, **_ignored: Any) -> Any:
        """A mel [batch, 100, frames] or [100, frames], as Vocos.decode takes it, to samples [batch, samples] on the mel's device."""
        return self.vocoder.decode(mel if mel.ndim == 3 else mel[None])

    def __call__(self, mel: Any) -> Any:
        return self.decode(mel)

    def to(self, *_arguments: Any, **_keywords: Any) -> "F5Vocoder":
        """Nothing: the engine stays on the GPU that it was loaded for."""
        return self

    def eval(self) -> "F5Vocoder":
        """Nothing: there is no training here."""
        return self

    def close(self) -> None:
        """Frees the engine."""
        self.vocoder.close()


def load_vocoder(
    vocoder_name: str = "vocos",
    is_local: bool = False,
    local_path: Union[str, "os.PathLike[str]"] = "",
    device: Any = None,
    hf_cache_dir: Optional[str] = None,
    **options: Any,
) -> F5Vocoder:
    """
    F5-TTS's load_vocoder with an engine or an ONNX model: local_path is its file, or a folder that holds vocos.engine or vocos.onnx. Nothing is downloaded. More options
    are those of Vocoder.load.
    """
    if vocoder_name != "vocos":
        raise InvalidArgumentError(f"The vocoder is '{vocoder_name}', but this one takes the place of 'vocos' alone.")
    if not local_path:
        raise InvalidArgumentError("There is no local_path; it names the engine or ONNX model, and nothing is downloaded.")
    path = pathlib.Path(local_path)
    if path.is_dir():
        found = [path / name for name in ("vocos.engine", "vocos.onnx") if (path / name).is_file()]
        if not found:
            raise InvalidArgumentError(f"{path} holds neither vocos.engine nor vocos.onnx; 'trtvocoder build' and 'trtvocoder export' make them.")
        path = found[0]
    # F5-TTS's floor, which no decode needs, but the mel of a model without metadata.
    options.setdefault("mel_floor", 1e-5)
    return F5Vocoder(Vocoder.load(path, device=_number(device), **options))


def _number(device: Any) -> int:
    """The GPU of "cuda:1" or of a torch.device; 0 where none is named."""
    name = str(device or "")
    return int(name[5:]) if name.startswith("cuda:") else 0
