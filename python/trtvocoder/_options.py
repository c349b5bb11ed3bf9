"""Options of Vocoder.load."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Tuple, Union

from trtvocoder._library import InvalidArgumentError, OptionsStruct

if TYPE_CHECKING:
    from typing_extensions import Literal, TypedDict

    class VocoderOptions(TypedDict, total=False):
        """What Vocoder.load takes by name; None, or what is left out, is the default."""

        #: The GPU's number: 0.
        device: Optional[int]
        #: Threads of models that run on the CPU; 0: the backend chooses.
        threads: Optional[int]
        #: Where spectra are turned into samples: "auto", "gpu" or "host".
        inverse_stft: Optional[Literal["auto", "gpu", "host"]]
        #: Threads of a session's inverse STFT on the host; 0: up to 6.
        inverse_stft_threads: Optional[int]
        #: Windows and batches under way at the same time; 0: the backend chooses.
        runs_in_flight: Optional[int]
        #: The most frames of one run of the network; 0: the model's limit, at most 1024.
        max_window_frames: Optional[int]
        #: Lengths of windows: "auto", "off", or frames like "64,128,256".
        windows: Optional[str]
        #: Whether samples are not looked through for NaN and infinity.
        skips_output_check: Optional[bool]
        #: An engine's optimisation profile, from 0.
        profile: Optional[int]
        #: The memory that an engine's mel and result go through: "auto", "pinned" or "mapped".
        buffers: Optional[Literal["auto", "pinned", "mapped"]]
        #: Whether a thread that waits for the GPU sleeps, which leaves its core to others; None: it spins, and sleeps where more wait than there are cores.
        sleeps_while_waiting: Optional[bool]
        #: Whether no CUDA graphs are captured.
        without_graphs: Optional[bool]
        #: Whether version-compatible engines may be loaded, which carry executable code: only for engines that are trusted.
        allows_host_code: Optional[bool]
        #: Which of NVIDIA's runtimes loads an engine: "auto" (the one that built it), "tensorrt" or "tensorrt-rtx".
        runtime: Optional[Literal["auto", "tensorrt", "tensorrt-rtx"]]
        #: Folder of NVIDIA's libraries; None: what TRTV_TENSORRT_DIR or TRTV_TENSORRT_RTX_DIR names, else where the system's loader looks.
        library_folder: Optional[Union[str, "os.PathLike[str]"]]
        #: Of a model that does not say it, as all that follows: mel bands.
        mel_count: Optional[int]
        #: Sample rate in Hz: 24000.
        sample_rate: Optional[int]
        #: n_fft in samples; 0: by the outputs.
        fft_length: Optional[int]
        #: Hop in samples; 0: n_fft / 4.
        hop_length: Optional[int]
        #: How its STFT pads: "center" or "same".
        padding: Optional[Literal["center", "same"]]
        #: Frames to each side that an output frame depends on; 0: unknown.
        receptive_field_frames: Optional[int]
        #: The floor under mel amplitudes before the logarithm: 1e-7.
        mel_floor: Optional[float]
        #: Of a network made for several bandwidths: which one, from 0.
        bandwidth_id: Optional[int]
        #: Names of its outputs.
        real_output: Optional[str]
        imag_output: Optional[str]
        audio_output: Optional[str]


# Words that stand for numbers of trtvocoder.h.
_WORDS: Dict[str, Tuple[str, ...]] = {
    "inverse_stft": ("auto", "gpu", "host"),
    "buffers": ("auto", "pinned", "mapped"),
    "runtime": ("auto", "tensorrt", "tensorrt-rtx"),
    "padding": ("center", "same"),
}
_FIELDS = {name for name, _ in OptionsStruct._fields_} - {"struct_size", "reserved", "waiting", "has_bandwidth_id"}


def read_options(told: Mapping[str, Any]) -> OptionsStruct:
    """trtvocoder_options of options by name. Raises TypeError for a name or a type that there is not, InvalidArgumentError for a word."""
    options = OptionsStruct()
    for name, value in told.items():
        if name not in _FIELDS | {"sleeps_while_waiting"}:
            raise TypeError(f"'{name}' is no option of a vocoder; options are {', '.join(sorted(_FIELDS | {'sleeps_while_waiting'}))}.")
        if value is None:
            continue
        if name == "sleeps_while_waiting":
            options.waiting = 2 if value else 1
            continue
        if name == "bandwidth_id":
            options.has_bandwidth_id = 1
        try:
            setattr(options, name, _number_or_text(name, value))
        except TypeError:
            raise TypeError(f"The option {name} is {value!r}, of type {type(value).__name__}.") from None
    return options


def _number_or_text(name: str, value: Any) -> Any:
    if not isinstance(value, (str, os.PathLike)):
        return value
    if name not in _WORDS:
        return os.fsencode(value)
    if value not in _WORDS[name]:
        raise InvalidArgumentError(f"The option {name} is '{value}'; it is one of {', '.join(_WORDS[name])}.")
    return _WORDS[name].index(value)
