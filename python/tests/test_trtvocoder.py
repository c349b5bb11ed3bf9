"""The wheel as its users have it: './build.sh test' installs it into a fresh environment and sets what TRTV_CLIENT_* name."""
import ctypes
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock
import warnings

import numpy

import trtvocoder
from trtvocoder import f5tts

try:
    import torch
except ImportError:
    torch = None

MODEL = os.environ["TRTV_CLIENT_MODEL"]
STREAMING_MODEL = os.environ["TRTV_CLIENT_STREAMING_MODEL"]
ENGINE = os.environ["TRTV_CLIENT_ENGINE"]
SHORT_ENGINE = os.environ["TRTV_CLIENT_SHORT_ENGINE"]
STREAMING_ENGINE = os.environ["TRTV_CLIENT_STREAMING_ENGINE"]
HEADER = pathlib.Path(os.environ["TRTV_CLIENT_HEADER"]).read_text(encoding="utf-8")
MEL = numpy.load(os.environ["TRTV_CLIENT_MEL"])

needs_torch = unittest.skipIf(torch is None, "this Python has no torch (Debian: python3-torch)")


def wav(name):
    data = pathlib.Path(os.environ[name]).read_bytes()
    return numpy.frombuffer(data[data.index(b"data") + 8:], numpy.float32 if name.endswith("AUDIO") else numpy.int16)


def snr_db(expected, actual):
    assert expected.shape == actual.shape, (expected.shape, actual.shape)
    noise = float(((expected.astype(float) - actual) ** 2).sum())
    return 10 * numpy.log10(float((expected.astype(float) ** 2).sum()) / max(noise, 1e-30))


def field(number, value):
    """A field of a protobuf message, of a number below 16: an integer, or bytes."""
    if isinstance(value, int):
        return bytes([number << 3]) + varint(value)
    data = value if isinstance(value, bytes) else value.encode()
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(value):
    data = b""
    while value > 127:
        data, value = data + bytes([value & 127 | 128]), value >> 7
    return data + bytes([value])


def tensor(name, kind, *shape):
    """A ValueInfoProto."""
    sizes = b"".join(field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, sizes)))


def model_of_frames_by_bands():
    """An ONNX model that takes [1, frames, 129], whose spectrum is its mel's squares: two of [1, 129, frames]."""
    turn = field(1, "mel") + field(2, "turned") + field(4, "Transpose")
    turn += field(5, field(1, "perm") + b"".join(field(8, axis) for axis in (0, 2, 1)) + b"\xa0\x01\x07")
    squares = b"".join(field(1, field(1, "turned") + field(1, "turned") + field(2, name) + field(4, "Mul")) for name in ("real", "imag"))
    graph = field(1, turn) + squares + field(2, "turned") + field(11, tensor("mel", 1, 1, "T", 129))
    graph += b"".join(field(12, tensor(name, 1, 1, 129, "T")) for name in ("real", "imag"))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


def model_of_bandwidths():
    """An ONNX model whose spectrum is its mel times its bandwidth's number: [1, 33, frames] to two of the same."""
    cast = field(1, "bandwidth_id") + field(2, "factor") + field(4, "Cast") + field(5, field(1, "to") + field(3, 1) + b"\xa0\x01\x02")
    products = b"".join(field(1, field(1, "mel") + field(1, "factor") + field(2, name) + field(4, "Mul")) for name in ("real", "imag"))
    graph = field(1, cast) + products + field(2, "bandwidths") + field(11, tensor("mel", 1, 1, 33, "T")) + field(11, tensor("bandwidth_id", 7, 1))
    graph += b"".join(field(12, tensor(name, 1, 1, 33, "T")) for name in ("real", "imag"))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


class DeviceArray:
    """Memory of the double's GPU with __cuda_array_interface__, as CuPy's and torch's."""

    driver = None

    def __init__(self, shape, values=None, dtype="float32"):
        cls = DeviceArray
        if cls.driver is None:
            cls.driver = ctypes.CDLL(os.path.join(os.environ["TRTV_CUDA_DIR"], "libcuda.so.1"))
            context = ctypes.c_void_p()
            assert cls.driver.cuInit(0) == 0
            assert cls.driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0) == 0
            assert cls.driver.cuCtxSetCurrent(context) == 0
            cls.stream = ctypes.c_void_p()
            assert cls.driver.cuStreamCreate(ctypes.byref(cls.stream), 1) == 0
        self.address = ctypes.c_uint64()
        self.shape, self.dtype = tuple(shape), numpy.dtype(dtype)
        self.bytes = self.dtype.itemsize * int(numpy.prod(shape))
        assert self.driver.cuMemAlloc_v2(ctypes.byref(self.address), ctypes.c_size_t(max(1, self.bytes))) == 0
        if values is not None:
            self.source = numpy.ascontiguousarray(values, self.dtype)
            assert self.driver.cuMemcpyHtoDAsync_v2(self.address, self.source.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(self.bytes), self.stream) == 0
            # Other streams than this one read it.
            assert self.driver.cuStreamSynchronize(self.stream) == 0

    @property
    def __cuda_array_interface__(self):
        return {"shape": self.shape, "typestr": self.dtype.str, "data": (self.address.value, False), "version": 3, "strides": None}

    def read(self):
        values = numpy.empty(self.shape, self.dtype)
        assert self.driver.cuMemcpyDtoHAsync_v2(values.ctypes.data_as(ctypes.c_void_p), self.address, ctypes.c_size_t(self.bytes), self.stream) == 0
        assert self.driver.cuStreamSynchronize(self.stream) == 0
        return values


class FakeTensor:
    """A tensor of FakeTorch: memory of the double's GPU and a view of it, with what the package asks of torch's tensors."""

    is_cuda = True

    def __init__(self, memory, view=None, offset=0, index=0):
        # The view's values lie on the GPU: on the host it has the shape and the strides alone.
        self.memory, self.offset, self.index = memory, offset, index
        self.view = numpy.empty(memory.shape, memory.dtype) if view is None else view
        self.uses = []

    @classmethod
    def of(cls, values, dtype="float32", offset=0):
        """Values on the GPU, so many elements into their memory."""
        values = numpy.ascontiguousarray(values, dtype)
        memory = DeviceArray((offset + values.size,), numpy.concatenate((numpy.zeros(offset, dtype), values.reshape(-1))), dtype)
        return cls(memory, numpy.empty(values.shape, dtype), offset * values.itemsize)

    shape = property(lambda self: self.view.shape)
    ndim = property(lambda self: self.view.ndim)
    dtype = property(lambda self: self.view.dtype)
    device = property(lambda self: FakeDevice(self.index))

    @property
    def __cuda_array_interface__(self):
        return {"shape": self.shape, "typestr": self.dtype.str, "data": (self.data_ptr() if self.view.size else 0, False), "version": 2, "strides": self.view.strides}

    def data_ptr(self):
        return self.memory.address.value + self.offset

    def dim(self):
        return self.view.ndim

    def detach(self):
        return self

    def _seen(self, view):
        moved = view.__array_interface__["data"][0] - self.view.__array_interface__["data"][0]
        return FakeTensor(self.memory, view, self.offset + (moved if view.size else 0), self.index)

    def __getitem__(self, key):
        return self._seen(self.view[key])

    def transpose(self, first, second):
        return self._seen(self.view.swapaxes(first, second))

    def permute(self, *axes):
        return self._seen(self.view.transpose(axes))

    def values(self):
        return numpy.ndarray(self.shape, self.dtype, self.memory.read().tobytes(), self.offset, self.view.strides).copy()

    def to(self, dtype):
        return self if dtype == self.dtype else FakeTensor.of(self.values(), dtype)

    def float(self):
        return self.to(numpy.dtype("float32"))

    def half(self):
        return self.to(numpy.dtype("float16"))

    def contiguous(self):
        return self if self.view.flags.c_contiguous else FakeTensor.of(self.values(), self.dtype)

    def record_stream(self, stream):
        self.uses.append(stream)
        FakeTorch.events.append("used by another stream")

    def cpu(self):
        FakeTorch.events.append("copied to the host")
        return FakeOnHost(self.values())


class FakeOnHost:
    def __init__(self, values):
        self._values = values

    def float(self):
        return FakeOnHost(self._values.astype(numpy.float32))

    def numpy(self):
        return self._values

    def to(self, device):
        FakeTorch.events.append("copied from the host")
        tensor = FakeTensor.of(self._values)
        tensor.index = device.index
        return tensor


class FakeDevice:
    def __init__(self, index):
        self.index = index

    def __str__(self):
        return f"cuda:{self.index}"


class FakeStream:
    """A stream of the double's; 0 is the default one, which does nothing before what went before is done."""

    def __init__(self, _device=None, cuda_stream=None):
        if cuda_stream is None:
            made = ctypes.c_void_p()
            assert DeviceArray.driver.cuStreamCreate(ctypes.byref(made), 1) == 0
            cuda_stream = made.value
        self.cuda_stream = cuda_stream

    def wait_stream(self, other):
        FakeTorch.events.append(f"{'another' if self.cuda_stream else 'the default'} stream waits after {FakeTorch.runs()} runs")
        if other.cuda_stream:
            other.synchronize()

    def synchronize(self):
        assert DeviceArray.driver.cuStreamSynchronize(ctypes.c_void_p(self.cuda_stream)) == 0


class FakeTorch:
    """As much of torch as decodes of CUDA tensors take, on the double's GPU."""

    float32, float16, Tensor = numpy.dtype("float32"), numpy.dtype("float16"), FakeTensor
    events = []

    class cuda:
        Stream = FakeStream
        current = FakeStream(cuda_stream=0)

        @staticmethod
        def current_stream(_device):
            return FakeTorch.cuda.current

    @staticmethod
    def empty(shape, dtype, device):
        assert device.index == 0
        return FakeTensor(DeviceArray(shape, dtype=dtype))

    @staticmethod
    def as_tensor(array, device):
        assert device == "cuda:0"
        return FakeTensor(array)

    @staticmethod
    def from_numpy(values):
        return FakeOnHost(values)

    @staticmethod
    def runs():
        return DeviceArray.driver.trtv_sim_calls(b"IExecutionContext::enqueueV3")


class VocoderTests(unittest.TestCase):
    def setUp(self):
        self.vocoder = trtvocoder.Vocoder.load(MODEL)
        self.addCleanup(self.vocoder.close)

    def test_the_package_is_the_installed_one_and_typed(self):
        folder = pathlib.Path(trtvocoder.__file__).parent
        self.assertIn("site-packages", str(folder))
        self.assertTrue((folder / "py.typed").is_file())
        self.assertEqual(trtvocoder.library_version(), os.environ["TRTV_CLIENT_VERSION"])

    def test_nothing_of_nvidia_is_inside(self):
        names = sorted(path.name for path in (pathlib.Path(trtvocoder.__file__).parent / "lib").iterdir())
        self.assertEqual(names, ["libonnxruntime.so", "libtrtvocoder.so", "libtrtvocoder10.so", "libtrtvocoder11.so"])

    def test_onnx_runtime_is_the_packages_own(self):
        loaded = {line.split()[-1] for line in pathlib.Path("/proc/self/maps").read_text().splitlines() if "libonnxruntime.so" in line}
        self.assertEqual(loaded, {str((pathlib.Path(trtvocoder.__file__).parent / "lib" / "libonnxruntime.so").resolve())})

    def test_decode_on_the_cpu_is_the_programs(self):
        self.assertGreater(snr_db(wav("TRTV_CLIENT_CPU_AUDIO"), self.vocoder.decode(MEL)), 100)

    def test_decode_of_an_engine_is_the_programs(self):
        with trtvocoder.Vocoder.load(pathlib.Path(ENGINE)) as vocoder:
            self.assertTrue(vocoder.info.is_engine)
            self.assertGreater(snr_db(wav("TRTV_CLIENT_ENGINE_AUDIO"), vocoder.decode(MEL)), 80)

    def test_a_model_from_bytes_decodes_as_its_file_does(self):
        with trtvocoder.Vocoder.load(pathlib.Path(MODEL).read_bytes()) as vocoder:
            numpy.testing.assert_array_equal(vocoder.decode(MEL[:, :50]), self.vocoder.decode(MEL[:, :50]))

    def test_facts_are_told(self):
        info = self.vocoder.info
        self.assertEqual((info.sample_rate, info.n_mels, info.n_fft, info.hop_length, info.padding), (24000, 100, 1024, 256, "center"))
        self.assertEqual(self.vocoder.sample_count(11), 2560)
        self.assertFalse(info.is_engine)

    def test_any_strides_and_float_types_decode_alike(self):
        part = MEL[:, :60].astype(numpy.float16)
        expected = self.vocoder.decode(part.astype(numpy.float32))
        self.assertEqual(expected.dtype, numpy.float32)
        view = numpy.ascontiguousarray(part.T).T
        self.assertFalse(view.flags.c_contiguous)
        for mel in (part, view, part.astype(numpy.float64)):
            numpy.testing.assert_array_equal(self.vocoder.decode(mel), expected)

    def test_a_batch_decodes_as_each_by_itself(self):
        both = self.vocoder.decode(numpy.stack([MEL[:, :40], MEL[:, 40:80]]))
        self.assertEqual(both.shape, (2, self.vocoder.sample_count(40)))
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :40]), both[0]), 100)
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, 40:80]), both[1]), 100)

    def test_the_mel_of_samples_is_the_programs(self):
        with self.vocoder.session() as session:
            self.assertGreater(snr_db(MEL, session.mel(wav("TRTV_CLIENT_SPEECH").astype(numpy.float32) / 32768)), 100)

    def test_a_session_tells_its_times(self):
        with self.vocoder.session(profile_capacity=8) as session:
            session.warm_up(50)
            before = session.profile()["decodes"]
            session.decode(MEL[:, :50])
            self.assertEqual(session.profile()["decodes"], before + 1)
            self.assertEqual(session.profile()["last"]["frames"], 50)

    def test_eight_threads_decode_at_once(self):
        expected = self.vocoder.decode(MEL[:, :80])
        results = []

        def decode():
            for _ in range(3):
                results.append(numpy.array_equal(self.vocoder.decode(MEL[:, :80]), expected))

        threads = [threading.Thread(target=decode) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 24)

    def test_other_threads_run_during_a_decode(self):
        turns, ends = [0], threading.Event()

        def decode():
            for _ in range(4):
                self.vocoder.decode(MEL)
            ends.set()

        thread = threading.Thread(target=decode)
        interval = sys.getswitchinterval()
        # A decode that held the lock would let this thread run between decodes alone.
        thread.start()
        while not ends.wait(interval / 100):
            turns[0] += 1
        thread.join()
        self.assertGreater(turns[0], 100)

    def test_failures_are_exceptions_with_a_sentence(self):
        cases = [
            (trtvocoder.FileSystemError, lambda: trtvocoder.Vocoder.load("/nonexistent/vocos.onnx"), "vocos.onnx"),
            (trtvocoder.BadDataError, lambda: trtvocoder.Vocoder.load(os.environ["TRTV_CLIENT_SPEECH"]), "speech.wav"),
            (trtvocoder.InvalidArgumentError, lambda: trtvocoder.Vocoder.load(MODEL, windows="some"), "'some' are no windows"),
            (trtvocoder.InvalidArgumentError, lambda: trtvocoder.Vocoder.load(MODEL, inverse_stft="gpu"), "asked for on the GPU"),
            (trtvocoder.InvalidArgumentError, lambda: trtvocoder.Vocoder.load(MODEL, buffers="some"), "it is one of auto, pinned, mapped"),
            (trtvocoder.InvalidArgumentError, lambda: trtvocoder.Vocoder.load(MODEL, bandwidth_id=-1), "BandwidthId"),
            (trtvocoder.InvalidArgumentError, lambda: self.vocoder.decode(MEL.T), "expected"),
            (trtvocoder.BadDataError, lambda: self.vocoder.decode(numpy.full((100, 9), numpy.nan)), "NaN in band 0"),
            (TypeError, lambda: trtvocoder.Vocoder.load(MODEL, widows="off"), "'widows' is no option"),
            (TypeError, lambda: trtvocoder.Vocoder.load(MODEL, threads="four"), "threads is 'four', of type str"),
        ]
        for kind, call, part in cases:
            with self.assertRaises(kind) as caught:
                call()
            self.assertIn(part, str(caught.exception))
            self.assertTrue(str(caught.exception).endswith("."))
        self.assertTrue(issubclass(trtvocoder.FileSystemError, OSError) and issubclass(trtvocoder.BadDataError, ValueError))

    def test_each_status_of_the_header_has_an_exception(self):
        from trtvocoder import _library

        statuses = {int(number): name for name, number in re.findall(r"TRTVOCODER_ERROR_(\w+) = (-\d+)", HEADER)}
        self.assertEqual(set(_library._ERRORS), set(statuses))
        self.assertEqual(len(set(_library._ERRORS.values())), len(statuses))
        for status, kind in _library._ERRORS.items():
            self.assertIs(getattr(trtvocoder, kind.__name__), kind)
            self.assertIn(kind.__name__, trtvocoder.__all__)
            self.assertEqual(kind.__name__.lower(), statuses[status].replace("_", "").lower() + "error")

    def test_structs_are_the_headers(self):
        from trtvocoder import _library

        for name, kind in (("error", _library.ErrorStruct), ("options", _library.OptionsStruct), ("info", _library.InfoStruct),
                           ("stream_options", _library.StreamOptionsStruct), ("stream_info", _library.StreamInfoStruct)):
            body = re.search(rf"typedef struct trtvocoder_{name} {{(.*?)}}", HEADER, re.DOTALL).group(1)
            self.assertEqual([field_name for field_name, _ in kind._fields_], re.findall(r"(\w+);$", re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL), re.MULTILINE))

    def test_options_by_name_are_heeded(self):
        part = MEL[:, :40]
        expected = self.vocoder.decode(part)
        with trtvocoder.Vocoder.load(MODEL, inverse_stft="host", sleeps_while_waiting=None, buffers="auto", padding="center", threads=1) as vocoder:
            self.assertGreater(snr_db(expected, vocoder.decode(part)), 100)
        mel = numpy.random.default_rng(1).standard_normal((33, 12)).astype(numpy.float32)
        loud = []
        for bandwidth in (0, 1, 3):
            with trtvocoder.Vocoder.load(model_of_bandwidths(), bandwidth_id=bandwidth, sample_rate=16000, hop_length=16) as vocoder:
                self.assertEqual((vocoder.sample_rate, vocoder.info.n_fft), (16000, 64))
                loud.append(vocoder.decode(mel))
        self.assertEqual(float(numpy.abs(loud[0]).max()), 0)
        self.assertGreater(snr_db(3 * loud[1], loud[2]), 100)

    def test_a_thread_waits_for_the_gpu_as_it_is_told(self):
        driver = ctypes.CDLL(os.path.join(os.environ["TRTV_CUDA_DIR"], "libcuda.so.1"))
        for sleeps in (False, True):
            with trtvocoder.Vocoder.load(ENGINE, sleeps_while_waiting=sleeps) as vocoder:
                vocoder.decode(MEL[:, :30])
                # Who sleeps waits for an event.
                driver.trtv_sim_fault(b"cuEventSynchronize@1=719")
                try:
                    if sleeps:
                        with self.assertRaises(trtvocoder.CudaError) as caught:
                            vocoder.decode(MEL[:, :30])
                        self.assertEqual(caught.exception.native_code, 719)
                    else:
                        vocoder.decode(MEL[:, :30])
                finally:
                    driver.trtv_sim_reset()

    def test_what_is_closed_says_so(self):
        session = self.vocoder.session()
        session.close()
        session.close()
        with self.vocoder.stream() as stream:
            pass
        with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, "stream is closed"):
            stream.push(MEL)
        self.vocoder.close()
        with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, "vocoder is closed"):
            self.vocoder.stream()
        for closed in (session, self.vocoder):
            with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, "is closed"):
                closed.decode(MEL)

    def test_the_log_reaches_python(self):
        lines = []
        trtvocoder.set_log_handler(lambda severity, source, text: lines.append(source), severity=4)
        self.addCleanup(trtvocoder.set_log_handler, None)
        trtvocoder.Vocoder.load(ENGINE).close()
        self.assertIn("TensorRT", lines)

    def test_a_forked_child_is_told(self):
        child = os.fork()
        if child == 0:
            try:
                self.vocoder.decode(MEL)
            except trtvocoder.TrtVocoderError as error:
                os._exit(0 if "fork" in str(error) else 2)
            os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)


class StreamTests(unittest.TestCase):
    def setUp(self):
        self.vocoder = trtvocoder.Vocoder.load(MODEL)
        self.addCleanup(self.vocoder.close)

    def test_parts_are_the_samples_of_a_whole_decode_however_the_mel_is_cut(self):
        for path, frames in ((MODEL, 160), (STREAMING_MODEL, 160), (ENGINE, 64)):
            mel = MEL[:, :frames]
            with trtvocoder.Vocoder.load(path) as vocoder:
                expected = vocoder.decode(mel)
                for cuts in ([], [40, 40, 50], [1, 2, 30, 31, 70]):
                    pieces = numpy.split(mel, [cut for cut in cuts if cut < frames], axis=1)
                    parts = list(vocoder.stream(pieces))
                    self.assertTrue(all(part.dtype == numpy.float32 and len(part) > 0 for part in parts))
                    self.assertGreater(len(parts), 1 if cuts else 0)
                    self.assertGreater(snr_db(expected, numpy.concatenate(parts)), 110)

    def test_a_stream_tells_where_it_is_and_goes_on_with_the_next_utterance(self):
        with self.vocoder.stream() as stream:
            stream.warm_up(1)
            for turn in range(2):
                parts = [stream.push(MEL[:, frame]) for frame in range(stream.first_sample_frames)]
                self.assertEqual([len(part) > 0 for part in parts], [False] * (stream.first_sample_frames - 1) + [True])
                self.assertEqual((stream.pushed_frames, stream.is_complete), (stream.first_sample_frames, False))
                self.assertEqual(stream.first_sample_frames, stream.lookahead_frames + 1)
                self.assertGreater(stream.held_frames, 0)
                parts.append(stream.complete())
                self.assertEqual((stream.held_frames, stream.is_complete, len(stream.complete())), (0, True, 0))
                self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :stream.pushed_frames]), numpy.concatenate(parts)), 110)
                with self.assertRaisesRegex(trtvocoder.InvalidStateError, "complete"):
                    stream.push(MEL[:, :1])
                stream.reset()

    def test_pieces_of_any_strides_types_and_order_decode_alike(self):
        part = MEL[:, :60].astype(numpy.float16)
        expected = self.vocoder.decode(part)
        pieces = (part[:, :25], part[:, 25:25], numpy.ascontiguousarray(part[:, 25:].T).T.astype(numpy.float64))
        self.assertGreater(snr_db(expected, numpy.concatenate(list(self.vocoder.stream(pieces)))), 110)
        pieces = (part[:, :25].T, part[:, 25], numpy.ascontiguousarray(part[:, 26:].T))
        self.assertGreater(snr_db(expected, numpy.concatenate(list(self.vocoder.stream(iter(pieces), layout="frame-major")))), 110)

    def test_a_piece_that_is_refused_leaves_the_stream_as_it_was(self):
        with self.vocoder.stream() as stream:
            first = stream.push(MEL[:, :40])
            for kind, piece, part in ((trtvocoder.BadDataError, numpy.full((100, 3), numpy.inf), "infinity in band 0, frame 40"),
                                      (trtvocoder.InvalidArgumentError, MEL.T, "expected"),
                                      (trtvocoder.InvalidArgumentError, MEL[None], "expected"),
                                      (trtvocoder.UnsupportedError, type("Array", (), {"__cuda_array_interface__": {}})(), "copy the piece to the host")):
                with self.assertRaisesRegex(kind, part):
                    stream.push(piece)
            rest = stream.push(MEL[:, 40:60]), stream.complete()
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :60]), numpy.concatenate((first, *rest))), 110)
        with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, "layout is 'time-major'"):
            self.vocoder.stream(layout="time-major")

    def test_a_stream_outlives_its_vocoder_and_a_loop_that_ends_early_frees_it(self):
        parts = self.vocoder.stream(MEL[:, first:first + 40] for first in range(0, 200, 40))
        next(parts)
        self.vocoder.close()
        self.assertGreater(len(next(parts)), 0)
        parts.close()
        self.assertEqual(list(parts), [])

    def test_memory_that_was_not_written_is_not_given(self):
        with self.vocoder.stream() as stream:
            first = stream.push(MEL[:, :60])
            # As if another reader had taken them meanwhile.
            self.assertEqual(len(stream._read(1000)), 0)
            rest = stream.complete()
            self.assertEqual(len(first) + len(rest), self.vocoder.sample_count(60))
            self.assertEqual(len(stream._read(1000)), 0)

    @needs_torch
    def test_tensors_give_tensors(self):
        pieces = torch.from_numpy(MEL[:, :70]).half().split(30, dim=1)
        parts = list(self.vocoder.stream(pieces))
        self.assertTrue(all(isinstance(part, torch.Tensor) and part.dtype == torch.float32 for part in parts))
        expected = self.vocoder.decode(MEL[:, :70].astype(numpy.float16))
        self.assertGreater(snr_db(expected, torch.cat(parts).numpy()), 110)


class DeviceTests(unittest.TestCase):
    def setUp(self):
        self.vocoder = trtvocoder.Vocoder.load(ENGINE)
        self.addCleanup(self.vocoder.close)
        self.session = self.vocoder.session()
        self.addCleanup(self.session.close)

    def run_on_device(self, mel):
        mel = numpy.ascontiguousarray(mel)
        frames, bins = mel.shape[-1], self.vocoder.info.n_fft // 2 + 1
        shape = (mel.shape[0], frames, bins) if self.vocoder.info.device_output_frame_major else (mel.shape[0], bins, frames)
        source = DeviceArray(mel.shape, mel)
        outputs = DeviceArray(shape), DeviceArray(shape)
        self.session.decode_on_device(source, *outputs, stream=DeviceArray.stream.value)
        return tuple(output.read() for output in outputs)

    def test_an_array_on_the_gpu_decodes_into_others_there(self):
        real, imag = self.run_on_device(MEL[None, :, :64])
        axis = 1 if self.vocoder.info.device_output_frame_major else 2
        spectrum = numpy.moveaxis(real + 1j * imag, axis, 2)[0]
        window = numpy.hanning(self.vocoder.info.n_fft + 1)[:-1]
        hop, n_fft = self.vocoder.info.hop_length, self.vocoder.info.n_fft
        total, weight = numpy.zeros(63 * hop + n_fft), numpy.zeros(63 * hop + n_fft)
        for frame, values in enumerate(numpy.fft.irfft(spectrum, axis=0).T):
            total[frame * hop:frame * hop + n_fft] += values * window
            weight[frame * hop:frame * hop + n_fft] += window ** 2
        audio = (total[n_fft // 2:-n_fft // 2] / weight[n_fft // 2:-n_fft // 2]).astype(numpy.float32)
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :64]), audio), 80)

    def test_an_array_on_the_gpu_decodes_into_samples_there(self):
        mel, audio = DeviceArray((1, 100, 64), MEL[:, :64]), DeviceArray((1, self.vocoder.sample_count(64)))
        self.session.decode_audio_on_device(mel, audio, stream=DeviceArray.stream.value)
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :64]), audio.read()[0]), 120)
        with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, "decodes to"):
            self.session.decode_audio_on_device(mel, DeviceArray((1, 10)), stream=DeviceArray.stream.value)
        odd = type("Odd", (), {"__cuda_array_interface__": {**mel.__cuda_array_interface__, "data": (mel.address.value + 2, False)}})()
        with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, "multiple of 4"):
            self.session.decode_audio_on_device(odd, audio, stream=DeviceArray.stream.value)
        with trtvocoder.Vocoder.load(MODEL) as cpu, self.assertRaisesRegex(trtvocoder.TrtVocoderError, "runs on the CPU"):
            cpu.session().decode_audio_on_device(mel, audio, stream=DeviceArray.stream.value)

    def test_arrays_that_do_not_fit_are_refused(self):
        source, small = DeviceArray((1, 100, 64)), DeviceArray((1, 10))
        cases = [
            (source, small, small, "has 10 values"),
            (MEL[None], small, small, "no __cuda_array_interface__"),
            (DeviceArray((1, 80, 64)), small, small, "expected"),
        ]
        for mel, real, imag, part in cases:
            with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, part):
                self.session.decode_on_device(mel, real, imag, stream=DeviceArray.stream.value)
        for change, part in (({"typestr": "<f2"}, "float16"), ({"strides": (4, 4, 400)}, "not contiguous"), ({"data": (source.address.value + 4, False)}, "multiple of 256")):
            array = type("Changed", (), {"__cuda_array_interface__": {**source.__cuda_array_interface__, **change}})()
            with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, part):
                self.session.decode_on_device(array, small, small, stream=DeviceArray.stream.value)
        with trtvocoder.Vocoder.load(MODEL) as cpu, self.assertRaisesRegex(trtvocoder.InvalidArgumentError, "runs on the CPU"):
            cpu.session().decode_on_device(source, small, small, stream=DeviceArray.stream.value)

    @needs_torch
    def test_torch_turns_spectra_of_windows_into_the_samples_of_a_whole_decode(self):
        from trtvocoder._device import TorchInverseDecoder

        tests = self

        # The double has no torch: the network's runs alone go another way.
        class OnTheDouble(TorchInverseDecoder):
            runs = 0

            def run(self, mel):
                self.runs += 1
                return tuple(torch.from_numpy(plane) for plane in tests.run_on_device(mel.numpy()))

        decoder = OnTheDouble(torch, self.session)
        for frames, runs in ((64, 1), (256, 1), (257, 2), (700, 3)):
            decoder.runs = 0
            audio = decoder.decode(torch.from_numpy(MEL[None, :, :frames]))
            self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :frames]), audio[0].numpy()), 80, frames)
            self.assertEqual(decoder.runs, runs)


class CudaTensorTests(unittest.TestCase):
    """Tensors on a GPU, by a torch that is as much of it as is asked for, on the double."""

    def setUp(self):
        DeviceArray((1,))
        mock = unittest.mock.patch.dict(sys.modules, {"torch": FakeTorch})
        mock.start()
        self.addCleanup(mock.stop)
        self.vocoder = trtvocoder.Vocoder.load(SHORT_ENGINE)
        self.addCleanup(self.vocoder.close)
        self.own = FakeStream()
        self.on_stream(self.own)

    def on_stream(self, stream):
        FakeTorch.cuda.current = stream
        FakeTorch.events.clear()

    def decode(self, mel, vocoder=None):
        audio = (vocoder or self.vocoder).decode(mel)
        self.assertIsInstance(audio, FakeTensor)
        self.own.synchronize()
        return audio.values()

    def test_mels_of_any_length_decode_on_the_current_stream_without_the_host(self):
        longest = self.vocoder.info.max_frames
        for warm in (False, True):
            if warm:
                self.vocoder.warm_up()
                FakeTorch.events.clear()
            for frames in (40, longest, longest + 1, 4 * longest - 7):
                audio = self.decode(FakeTensor.of(MEL[:, :frames]))
                self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :frames]), audio), 120, (frames, warm))
        self.assertEqual(FakeTorch.events, [])

    def test_the_default_stream_waits_for_another_which_the_engine_takes(self):
        tensor = FakeTensor.of(MEL[:, :64])
        self.vocoder.decode(tensor)
        self.on_stream(FakeStream(cuda_stream=0))
        before = FakeTorch.runs()
        audio = self.decode(tensor)
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :64]), audio), 120)
        self.assertEqual(
            FakeTorch.events,
            [f"another stream waits after {before} runs", f"the default stream waits after {before + 1} runs", "used by another stream", "used by another stream"])

    def test_a_decode_that_fails_half_way_holds_its_memory_until_its_stream_is_through(self):
        tensor = FakeTensor.of(MEL[:, :200])
        self.on_stream(FakeStream(cuda_stream=0))
        DeviceArray.driver.trtv_sim_fault(b"IExecutionContext::enqueueV3@3=null")
        try:
            with self.assertRaises(trtvocoder.TensorRtError):
                self.vocoder.decode(tensor)
        finally:
            DeviceArray.driver.trtv_sim_reset()
        self.assertEqual(FakeTorch.events[-2:], ["used by another stream"] * 2)
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :200]), self.decode(tensor)), 120)

    def test_views_batches_types_and_addresses_decode_alike(self):
        mel = MEL[:, :60].astype(numpy.float16).astype(numpy.float32)
        expected = self.vocoder.decode(mel)
        # As F5-TTS passes it: a permuted view, behind the frames of the reference.
        whole = FakeTensor.of(numpy.concatenate((MEL[:, :7], mel), axis=1).T[None])
        tensors = (whole[:, 7:, :].permute(0, 2, 1), FakeTensor.of(mel[None]).half(), FakeTensor.of(mel[None], offset=3), FakeTensor.of(mel[None], "float64"))
        for tensor in tensors:
            audio = self.decode(tensor)
            self.assertEqual((audio.shape, audio.dtype), ((1, expected.size), numpy.float32))
            self.assertGreater(snr_db(expected, audio[0]), 120)
        # More than one run of this engine takes.
        many = numpy.stack([MEL[:, first:first + 40] for first in range(0, 120, 10)])
        self.assertGreater(len(many), self.vocoder.info.max_batch)
        self.assertGreater(snr_db(self.vocoder.decode(many), self.decode(FakeTensor.of(many))), 100)
        self.assertEqual(self.decode(FakeTensor.of(many[:0])).shape, (0, self.vocoder.sample_count(40)))
        self.assertEqual(self.decode(FakeTensor.of(mel[:, :0])).shape, (0,))

    def test_an_array_of_another_library_gives_a_tensor(self):
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :64]), self.decode(DeviceArray((100, 64), MEL[:, :64]))), 120)

    def test_what_does_not_fit_is_refused(self):
        elsewhere = FakeTensor.of(MEL[:, :60])
        elsewhere.index = 1
        for mel, part in ((FakeTensor.of(MEL[:, :60].T), "expected"), (FakeTensor.of(MEL[None, None, :, :60]), "expected"), (elsewhere, "on cuda:1, but the engine on cuda:0")):
            with self.assertRaisesRegex(trtvocoder.InvalidArgumentError, part):
                self.vocoder.decode(mel)

    def test_where_neither_the_library_nor_torch_makes_samples_on_the_gpu_decodes_go_over_the_host_and_say_so(self):
        tensor = FakeTensor.of(MEL[:, :60])
        with trtvocoder.Vocoder.load(SHORT_ENGINE, inverse_stft="host") as vocoder:
            def refuse(*_arguments, **_keywords):
                raise trtvocoder.UnsupportedError("Not on this GPU.")

            with unittest.mock.patch.object(trtvocoder.Session, "decode_on_device", refuse), self.assertWarns(RuntimeWarning) as told:
                audio = self.decode(tensor, vocoder)
            self.assertEqual([str(warning.message) for warning in told.warnings][1], "Not on this GPU. So decodes of tensors go over the host.")
            self.assertIn("So torch makes the samples, on the GPU.", str(told.warnings[0].message))
            self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :60]), audio), 80)
            self.assertEqual(FakeTorch.events, ["copied to the host", "copied from the host"])
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self.decode(tensor, vocoder)

    def test_an_engine_that_keeps_state_and_a_model_on_the_cpu_decode_over_the_host(self):
        for path in (STREAMING_ENGINE, STREAMING_MODEL, MODEL):
            with trtvocoder.Vocoder.load(path) as vocoder:
                self.assertEqual(vocoder.info.keeps_state, path != MODEL)
                self.on_stream(self.own)
                self.assertGreater(snr_db(vocoder.decode(MEL[:, :60]), self.decode(FakeTensor.of(MEL[:, :60]), vocoder)), 120)
                self.assertEqual(FakeTorch.events, ["copied to the host", "copied from the host"])

    def test_a_network_of_frames_by_bands_takes_tensors_as_all_others_do(self):
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder, "turned.onnx")
            model.write_bytes(model_of_frames_by_bands())
            built = subprocess.run([os.environ["TRTV_CLIENT_PROGRAM"], "build", str(model), "--output", folder + "/turned.engine", "--max", "64", "--hop-length", "64"],
                                   capture_output=True, text=True, check=False)
            self.assertEqual(built.returncode, 0, built.stderr)
            with trtvocoder.Vocoder.load(folder + "/turned.engine") as vocoder:
                self.assertTrue(vocoder.info.device_mel_frame_major)
                mel = numpy.random.default_rng(1).standard_normal((129, 40)).astype(numpy.float32)
                self.assertGreater(snr_db(vocoder.decode(mel), self.decode(FakeTensor.of(mel), vocoder)), 120)

    def test_a_stream_takes_them_over_the_host_and_gives_samples_on_their_device(self):
        with self.vocoder.stream() as stream:
            parts = [stream.push(FakeTensor.of(MEL[:, first:first + 20])) for first in range(0, 60, 20)] + [stream.complete()]
        self.assertTrue(all(isinstance(part, FakeTensor) and part.device.index == 0 for part in parts))
        self.assertGreater(snr_db(self.vocoder.decode(MEL[:, :60]), numpy.concatenate([part.values() for part in parts])), 110)


@needs_torch
class TorchTests(unittest.TestCase):
    def test_a_tensor_gives_a_tensor(self):
        with trtvocoder.Vocoder.load(MODEL) as vocoder:
            expected = vocoder.decode(MEL[:, :70])
            # As F5-TTS passes it: a permuted view.
            mel = torch.from_numpy(MEL[:, :70].T.copy())[None].permute(0, 2, 1)
            audio = vocoder.decode(mel)
            self.assertIsInstance(audio, torch.Tensor)
            self.assertEqual(tuple(audio.shape), (1, expected.size))
            numpy.testing.assert_array_equal(audio[0].numpy(), expected)
            self.assertEqual(vocoder.decode(mel.half()).dtype, torch.float32)


class F5Tests(unittest.TestCase):
    def test_it_takes_the_place_of_f5_tts_vocoder(self):
        vocoder = f5tts.load_vocoder(vocoder_name="vocos", is_local=True, local_path=MODEL, device="cpu", hf_cache_dir=None)
        self.addCleanup(vocoder.close)
        self.assertIs(vocoder.to("cuda").eval(), vocoder)
        expected = vocoder.vocoder.decode(MEL[:, :70])
        mel = numpy.ascontiguousarray(MEL[:, :70].T)[None].transpose(0, 2, 1)
        for audio in (vocoder.decode(mel), vocoder(mel)):
            self.assertEqual(audio.shape, (1, expected.size))
            numpy.testing.assert_array_equal(audio.squeeze(), expected)

    @needs_torch
    def test_its_call_sites_work_as_written(self):
        vocoder = f5tts.load_vocoder("vocos", True, MODEL, "cpu")
        self.addCleanup(vocoder.close)
        with torch.inference_mode():
            generated = torch.from_numpy(MEL[:, :70].T.copy())[None].to(torch.float32).permute(0, 2, 1)
            wave = vocoder.decode(generated)
            wave = wave * 0.5
            self.assertEqual(wave.squeeze().cpu().numpy().shape, (vocoder.vocoder.sample_count(70),))

    def test_a_folder_with_a_model_will_do_and_of_two_the_device_decides(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(MODEL, os.path.join(folder, "vocos.onnx"))
            f5tts.load_vocoder(is_local=True, local_path=folder, device="cuda:0").close()
            os.symlink(ENGINE, os.path.join(folder, "vocos.engine"))
            for device, is_engine in ((None, True), (0, True), ("cuda", True), ("cuda:0", True), ("cpu", False), ("mps", False), ("xpu:1", False)):
                vocoder = f5tts.load_vocoder(local_path=pathlib.Path(folder), device=device)
                self.assertEqual(vocoder.vocoder.info.is_engine, is_engine, device)
                vocoder.close()

    def test_a_loader_loads_its_model_whatever_path_the_call_site_names(self):
        load = f5tts.loader(MODEL, threads=1)
        # As infer_cli.py, api.py, socket_server.py and infer_gradio.py call it.
        calls = (lambda: load(vocoder_name="vocos", is_local=False, local_path="../checkpoints/vocos-mel-24khz", device="cpu"),
                 lambda: load("vocos", False, None, "cpu", None),
                 lambda: load(vocoder_name="vocos", is_local=False, local_path=None, device="cpu"),
                 lambda: load())
        for call in calls:
            vocoder = call()
            self.assertEqual(vocoder.decode(MEL[:, :20]).shape, (1, 19 * 256))
            vocoder.close()
        with self.assertRaisesRegex(ValueError, "bigvgan"):
            load("bigvgan")

    def test_what_it_cannot_do_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments, part in (({"vocoder_name": "bigvgan"}, "bigvgan"), ({}, "local_path"), ({"local_path": None}, "local_path"), ({"local_path": folder}, "neither vocos.engine"),
                                    ({"local_path": MODEL, "device": "cuda:x"}, "it is one like 'cuda'")):
                with self.assertRaisesRegex(ValueError, part):
                    f5tts.load_vocoder(**arguments)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    bad = len(result.failures) + len(result.errors)
    sys.stderr.flush()
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped", flush=True)
    sys.exit(bad > 0)
