using System.Diagnostics;
using System.Globalization;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;

namespace TrtVocoder.GpuTests;

/// <summary>What only a real GPU can show. Each check prints its figures; a check fails by throwing.</summary>
internal sealed class Checks
{
    private readonly string _tinyFp32;
    private readonly string _tinyFp16;
    private readonly string _half;
    private int _passed;
    private int _failed;

    public Checks(string engines)
    {
        _tinyFp32 = Path.Combine(engines, "tiny", "tiny_fp32.engine");
        _tinyFp16 = Path.Combine(engines, "tiny", "tiny_fp16.engine");
        _half = Path.Combine(engines, "half-width", "half-width_fp16.engine");
    }

    public int Run()
    {
        Check("spectra of tiny FP32 (TF32 on) reach 55 dB", () => SpectrumAccuracy(_tinyFp32, 55));
        Check("spectra of tiny FP16 reach 40 dB", () => SpectrumAccuracy(_tinyFp16, 40));
        Check("spectra of half-width FP16 reach 55 dB", () => SpectrumAccuracy(_half, 55));
        Check("audio of tiny FP32 (TF32 on) reaches 55 dB", () => AudioAccuracy(_tinyFp32, 55));
        Check("audio of tiny FP16 reaches 40 dB", () => AudioAccuracy(_tinyFp16, 40));
        Check("audio of half-width FP16 reaches 55 dB", () => AudioAccuracy(_half, 55));
        Check("mapped and pinned buffers give the same spectra, bit for bit", BufferModes);
        Check("device pointers and a caller's stream give the same spectra", DevicePointers);
        Check("a captured run gives the spectra of an enqueued one, bit for bit", CapturedRuns);
        Check("windows come as near to the whole decode as the engine to the FP32 vectors", Windows);
        Check("300 lengths after warm-up: no shape is set", NoShapeChange);
        Check("layers are timed in captured runs", Layers);
        Check("eight sessions on eight threads give what one gives", ParallelSessions);
        Check("an utterance longer than the profile is decoded in chunks", Chunks);
        Check("a shape outside the profile is refused in one sentence", WrongShape);
        Check("a GPU that is not there is refused in one sentence", WrongDevice);
        Check("a truncated engine is refused in one sentence", Truncated);
        Check("an engine of another TensorRT version is refused in one sentence", OtherVersion);
        Check("an engine of TensorRT-RTX is refused in one sentence", OtherFlavour);
        Check("a decode allocates no managed byte", Allocation);
        Check("10 000 decodes leave host and device memory flat", Leaks);
        Console.WriteLine($"{_passed} passed, {_failed} failed, 0 skipped");
        return _failed == 0 ? 0 : 1;
    }

    private static string SpectrumAccuracy(string engine, double leastDb)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder decoder = model.CreateDecoder();
        return Accuracy(engine, leastDb, vectors =>
        {
            vectors.Mel.CopyTo(decoder.BeginInput(1, vectors.Frames));
            Dsp.Spectrum spectrum = decoder.Run().GetSpectrum(0);
            return Vectors.Snr([.. spectrum.Real, .. spectrum.Imag], [.. vectors.Real, .. vectors.Imag]);
        });
    }

    private static string AudioAccuracy(string engine, double leastDb)
    {
        using Vocoder vocoder = Vocoder.Load(engine);
        using VocoderSession session = vocoder.CreateSession();
        return Accuracy(engine, leastDb, vectors =>
        {
            float[] audio = new float[vocoder.GetSampleCount(vectors.Frames)];
            session.Decode(vectors.Mel, vectors.Frames, audio);
            Require(audio.Length == vectors.Audio.Length, $"{audio.Length} samples, expected {vectors.Audio.Length}");
            return audio.Length == 0 ? double.PositiveInfinity : Vectors.Snr(audio, vectors.Audio);
        });
    }

    private static string Accuracy(string engine, double leastDb, Func<Vectors, double> measure)
    {
        List<string> figures = [];
        foreach (Vectors vectors in Vectors.ReadAll(Path.GetDirectoryName(engine)!))
        {
            double snr = measure(vectors);
            figures.Add(string.Create(CultureInfo.InvariantCulture, $"T={vectors.Frames} {snr:F1} dB"));
            Require(snr >= leastDb, $"{figures[^1]}, expected at least {leastDb} dB");
        }
        return string.Join(", ", figures);
    }

    private string BufferModes()
    {
        float[] pinned = Decode(BufferMode.Pinned), mapped = Decode(BufferMode.Mapped), auto = Decode(BufferMode.Auto);
        Require(pinned.AsSpan().SequenceEqual(mapped) && pinned.AsSpan().SequenceEqual(auto), "the results differ");
        return $"{pinned.Length} values alike";

        float[] Decode(BufferMode mode)
        {
            using TrtDecoderModel model = TrtDecoderModel.Load(_half, new TrtDecoderOptions { Buffers = mode });
            using TrtDecoder decoder = model.CreateDecoder();
            return Spectrum(decoder, Vectors.ReadAll(Path.GetDirectoryName(_half)!)[^1]);
        }
    }

    private string DevicePointers()
    {
        Vectors vectors = Vectors.ReadAll(Path.GetDirectoryName(_half)!)[^1];
        using TrtDecoderModel model = TrtDecoderModel.Load(_half);
        using TrtDecoder decoder = model.CreateDecoder();
        float[] expected = Spectrum(decoder, vectors);

        using CudaContext cuda = CudaContext.Retain(model.Engine.Context.Device);
        using CudaStream stream = CudaStream.Create(cuda);
        int count = decoder.GetOutputLength(1, vectors.Frames);
        using DeviceBuffer<float> mel = new(cuda, vectors.Mel.Length), real = new(cuda, count), imag = new(cuda, count);
        using PinnedBuffer<float> hostMel = new(cuda, vectors.Mel.Length), hostReal = new(cuda, count), hostImag = new(cuda, count);
        vectors.Mel.CopyTo(hostMel.Span);
        stream.Copy(hostMel, mel, vectors.Mel.Length);
        decoder.RunOnDevice(mel.Address, 1, vectors.Frames, real.Address, imag.Address, stream.Handle);
        stream.Copy(real, hostReal, count);
        stream.Copy(imag, hostImag, count);
        stream.Synchronize();
        float[] actual = [.. hostReal.Span, .. hostImag.Span];
        Require(actual.AsSpan().SequenceEqual(expected), "the results differ");
        return $"{actual.Length} values alike";
    }

    private string CapturedRuns()
    {
        Vectors vectors = Vectors.ReadAll(Path.GetDirectoryName(_half)!)[^1];
        float[] captured = Decode(graphs: true, out DecoderState state), plain = Decode(graphs: false, out _);
        Require(state.CapturedShapes == 1, $"the engine was not captured: {state.CaptureRefusal}");
        Require(captured.AsSpan().SequenceEqual(plain), "the results differ");
        return $"{plain.Length} values alike, {state.DeviceBytes >> 10} kB of GPU memory";

        float[] Decode(bool graphs, out DecoderState state)
        {
            using TrtDecoderModel model = TrtDecoderModel.Load(_half, new TrtDecoderOptions { CudaGraphs = graphs });
            using TrtDecoder decoder = model.CreateDecoder();
            decoder.PrepareShape(1, vectors.Frames);
            float[] spectrum = Spectrum(decoder, vectors);
            state = decoder.State;
            return spectrum;
        }
    }

    private string Windows()
    {
        using Vocoder whole = Vocoder.Load(_half, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Off });
        List<string> figures = [];
        foreach (string policy in (string[])["auto", "64", "128,256"])
        {
            using Vocoder windowed = Vocoder.Load(_half, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Parse(policy), MaxWindowFrames = policy == "auto" ? 300 : null });
            foreach (Vectors vectors in Vectors.ReadAll(Path.GetDirectoryName(_half)!).Where(vectors => vectors.Frames >= 100))
            {
                float[] expected = Audio(whole, vectors), actual = Audio(windowed, vectors);
                double own = Vectors.Snr(expected, vectors.Audio), against = Vectors.Snr(actual, expected), vector = Vectors.Snr(actual, vectors.Audio);
                figures.Add(string.Create(CultureInfo.InvariantCulture, $"{policy} T={vectors.Frames}: {against:F1} dB to the whole decode, {vector:F1} dB to the vectors (whole: {own:F1})"));
                Require(against >= own, figures[^1]);
            }
        }
        return string.Join("; ", figures);
    }

    private string NoShapeChange()
    {
        using Vocoder vocoder = Vocoder.Load(_half, new VocoderOptions { Model = Mels.Hints });
        DecodeProfiler profiler = new();
        using VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp();
        Random random = new(1);
        for (int i = 0; i < 300; i++)
        {
            int frames = random.Next(vocoder.WindowFrames[0], 1500);
            session.Decode(Mels.Random(vocoder.MelCount, frames), frames, new float[vocoder.GetSampleCount(frames)]);
        }
        int changed = profiler.GetDecodes().Count(decode => decode.ChangedShape), plain = profiler.GetDecodes().Count(decode => !decode.UsedGraph);
        Require(changed == 0 && plain == 0, $"{changed} of 300 set a shape, {plain} ran without a graph");
        return $"{session.GetState().CapturedShapes} captured windows of {string.Join(", ", vocoder.WindowFrames)} frames on {vocoder.Info.RunsInFlight} streams";
    }

    private string Layers()
    {
        using Vocoder vocoder = Vocoder.Load(_half, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Of(256) });
        DecodeProfiler profiler = new(collectsLayers: true);
        using VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp();
        profiler.Clear();
        for (int i = 0; i < 20; i++)
            session.Decode(Mels.Random(vocoder.MelCount, 256), 256, new float[vocoder.GetSampleCount(256)]);
        IReadOnlyList<LayerTimes> layers = profiler.GetLayers();
        Require(profiler.Last.UsedGraph, "the run was not captured");
        Require(layers.Count > 10 && layers.All(layer => layer.Times.Count == 20), $"{layers.Count} layers, {layers.Min(layer => layer.Times.Count)} to {layers.Max(layer => layer.Times.Count)} times");
        return string.Create(CultureInfo.InvariantCulture, $"{layers.Count} layers, {layers.Sum(layer => layer.Times.Median):F3} ms together");
    }

    private string ParallelSessions()
    {
        const int threads = 8, decodes = 200;
        IReadOnlyList<Vectors> lengths = Vectors.ReadAll(Path.GetDirectoryName(_half)!);
        using Vocoder vocoder = Vocoder.Load(_half);
        float[][] expected = [.. lengths.Select(vectors => Audio(vocoder, vectors))];
        int differing = 0;
        long start = Stopwatch.GetTimestamp();
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
        {
            using VocoderSession session = vocoder.CreateSession();
            for (int i = 0; i < decodes; i++)
            {
                int which = (i + thread) % lengths.Count;
                float[] audio = new float[expected[which].Length];
                session.Decode(lengths[which].Mel, lengths[which].Frames, audio);
                if (!audio.AsSpan().SequenceEqual(expected[which]))
                    Interlocked.Increment(ref differing);
            }
        });
        Require(differing == 0, $"{differing} of {threads * decodes} decodes differ");
        return string.Create(CultureInfo.InvariantCulture, $"{threads * decodes} decodes alike in {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s");
    }

    private string Chunks()
    {
        Vectors whole = Vectors.ReadAll(Path.GetDirectoryName(_half)!)[^1];
        using Vocoder limited = Vocoder.Load(_half, new VocoderOptions { MaxWindowFrames = 200, Windows = WindowPolicy.Off, Model = Mels.Hints });
        double snr = Vectors.Snr(Audio(limited, whole), whole.Audio);
        Require(snr >= 55, $"{snr:F1} dB against upstream's whole decode, expected at least 55");
        return string.Create(CultureInfo.InvariantCulture, $"{whole.Frames} frames in chunks of 200: {snr:F1} dB against upstream's whole decode");
    }

    private string WrongShape()
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(_half);
        using TrtDecoder decoder = model.CreateDecoder();
        return Refused<ArgumentOutOfRangeException>(() => decoder.BeginInput(1, 513)) + " | " + Refused<ArgumentOutOfRangeException>(() => decoder.BeginInput(2, 64));
    }

    private string WrongDevice() => Refused<CudaException>(() => TrtDecoderModel.Load(_half, new TrtDecoderOptions { Device = 7 }).Dispose());

    private string Truncated() => RefusedCopy(bytes => bytes[..(bytes.Length / 2)]);

    // In a 10.6 plan the version stands in the header (bytes 24 to 27) and again, tagged, where TensorRT itself reads it.
    private string OtherVersion() => RefusedCopy(bytes =>
    {
        ReadOnlySpan<byte> tagged = [0x0a, 0x02, 0x80, 0x01, 0x00, 0x06];
        bytes[bytes.AsSpan().IndexOf(tagged) + 5] = 3;
        bytes[25] = 3;
        return bytes;
    });

    private string OtherFlavour()
    {
        string rtx = Path.Combine(Path.GetDirectoryName(_tinyFp32)!, "tiny_rtx.engine");
        return Refused<TrtVocoderException>(() => TrtDecoderModel.Load(rtx, new TrtDecoderOptions { Runtime = EngineFlavour.TensorRt }).Dispose())
            + " | " + Refused<TrtVocoderException>(() => TrtDecoderModel.Load(rtx).Dispose());
    }

    private string RefusedCopy(Func<byte[], byte[]> change)
    {
        string copy = Path.Combine(Path.GetTempPath(), $"changed-{Environment.ProcessId}.engine");
        File.WriteAllBytes(copy, change(File.ReadAllBytes(_tinyFp32)));
        try
        {
            return Refused<TrtVocoderException>(() => TrtDecoderModel.Load(copy).Dispose());
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private string Allocation()
    {
        Vectors vectors = Vectors.ReadAll(Path.GetDirectoryName(_half)!)[^1];
        using Vocoder vocoder = Vocoder.Load(_half);
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(vectors.Frames)];
        for (int i = 0; i < 10; i++)
            session.Decode(vectors.Mel, vectors.Frames, audio);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            session.Decode(vectors.Mel, vectors.Frames, audio);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Require(allocated == 0, $"{allocated} bytes in 100 decodes");
        return "0 bytes in 100 decodes";
    }

    private string Leaks()
    {
        const int decodes = 10_000;
        IReadOnlyList<Vectors> lengths = Vectors.ReadAll(Path.GetDirectoryName(_half)!);
        using Vocoder vocoder = Vocoder.Load(_half, new VocoderOptions { Model = Mels.Hints, MaxWindowFrames = 300 });
        using VocoderSession session = vocoder.CreateSession();
        using CudaContext cuda = CudaContext.Retain(CudaDevice.Get(0));
        float[] audio = new float[vocoder.GetSampleCount(lengths[^1].Frames)];
        Decode(500);
        (long host, long device) before = Memory();
        Decode(decodes);
        (long host, long device) after = Memory();
        string figures = $"host {Signed(after.host - before.host)} kB of {before.host}, device {Signed(after.device - before.device)} kB";
        Require(after.host - before.host < 2048 && after.device - before.device <= 0, figures);
        return figures;

        void Decode(int count)
        {
            for (int i = 0; i < count; i++)
            {
                Vectors vectors = lengths[i % lengths.Count];
                session.Decode(vectors.Mel, vectors.Frames, audio.AsSpan(0, vocoder.GetSampleCount(vectors.Frames)));
            }
        }

        (long Host, long Device) Memory()
        {
            GC.Collect();
            string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("VmRSS", StringComparison.Ordinal));
            long host = long.Parse(line["VmRSS:".Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
            return (host, -cuda.GetMemoryInfo().FreeBytes / 1024);
        }

        static string Signed(long value) => value.ToString("+0;-0;0", CultureInfo.InvariantCulture);
    }

    private static float[] Spectrum(TrtDecoder decoder, Vectors vectors)
    {
        vectors.Mel.CopyTo(decoder.BeginInput(1, vectors.Frames));
        Dsp.Spectrum spectrum = decoder.Run().GetSpectrum(0);
        return [.. spectrum.Real, .. spectrum.Imag];
    }

    private static float[] Audio(Vocoder vocoder, Vectors vectors)
    {
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(vectors.Frames)];
        session.Decode(vectors.Mel, vectors.Frames, audio);
        return audio;
    }

    private static string Refused<T>(Action action)
        where T : Exception
    {
        try
        {
            action();
        }
        catch (T refusal)
        {
            return refusal.Message;
        }
        throw new InvalidOperationException($"nothing was refused, expected {typeof(T).Name}");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new InvalidOperationException(message);
    }

    private void Check(string name, Func<string> check)
    {
        try
        {
            Console.WriteLine($"PASS {name}: {check()}");
            _passed++;
        }
        catch (Exception failure)
        {
            Console.WriteLine($"FAIL {name}: {failure.GetType().Name}: {failure.Message}");
            _failed++;
        }
    }
}
