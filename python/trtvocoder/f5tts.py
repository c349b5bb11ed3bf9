"""
In place of F5-TTS's vocoder: docs/f5-tts.md.

    from trtvocoder.f5tts import load_vocoder
    vocoder = load_vocoder(is_local=True, local_path="vocos.engine", device="cuda")

or, where F5-TTS's own modules load it:

    import f5_tts.infer.utils_infer
    from trtvocoder.f5tts import loader
    f5_tts.infer.utils_infer.load_vocoder = loader("vocos.engine")
"""
from __future__ import annotations

import os
import pathlib
import sys
from typing import Any, Callable, Optional, Tuple, Union

from trtvocoder._library import InvalidArgumentError
from trtvocoder._vocoder import Vocoder


class F5Vocoder:
    """What F5-TTS does with its vocoder. Any number of threads at once."""

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
    F5-TTS's load_vocoder with an engine or an ONNX model: local_path is its file, or a folder that holds vocos.engine or vocos.onnx (of both the engine is taken, on a
    device other than CUDA the ONNX model). is_local and hf_cache_dir are not heeded, since nothing is downloaded. More options are those of Vocoder.load.
    """
    if vocoder_name != "vocos":
        raise InvalidArgumentError(f"The vocoder is '{vocoder_name}', but this one takes the place of 'vocos' alone.")
    if not local_path:
        raise InvalidArgumentError("There is no local_path; it names the engine or ONNX model, and nothing is downloaded.")
    name, number = _read_device(device)
    path = pathlib.Path(local_path)
    if path.is_dir():
        names = ("vocos.engine", "vocos.onnx") if name == "cuda" else ("vocos.onnx", "vocos.engine")
        found = [path / file for file in names if (path / file).is_file()]
        if not found:
            raise InvalidArgumentError(f"{path} holds neither vocos.engine nor vocos.onnx; 'trtvocoder build' and 'trtvocoder export' make them.")
        path = found[0]
    # F5-TTS's floor, which no decode needs, but the mel of a model without metadata.
    options.setdefault("mel_floor", 1e-5)
    return F5Vocoder(Vocoder.load(path, device=number, **options))


def loader(model: Union[str, "os.PathLike[str]"], **options: Any) -> Callable[..., F5Vocoder]:
    """
    A load_vocoder of F5-TTS's signature that loads this model (a file or a folder, with options as load_vocoder takes them), whatever local_path its caller names: for the
    modules of F5-TTS that load their vocoder themselves, some of which name none.
    """

    def load(vocoder_name: str = "vocos", is_local: bool = False, local_path: Any = "", device: Any = None, hf_cache_dir: Optional[str] = None) -> F5Vocoder:
        return load_vocoder(vocoder_name, True, model, device, hf_cache_dir, **options)

    return load


def _read_device(device: Any) -> Tuple[str, int]:
    """Kind and number of "cuda:1", 1 or of a torch.device; the GPU 0 where none is named, and torch's own choice for "cuda"."""
    if device is None or isinstance(device, int):
        return "cuda", device or 0
    name, _, number = str(device).partition(":")
    torch = sys.modules.get("torch")
    if name == "cuda" and not number and torch is not None and torch.cuda.is_available():
        return name, int(torch.cuda.current_device())
    if number and not number.isdecimal():
        raise InvalidArgumentError(f"The device is '{device}'; it is one like 'cuda', 'cuda:1' or 'cpu'.")
    return name, int(number or 0) if name == "cuda" else 0
