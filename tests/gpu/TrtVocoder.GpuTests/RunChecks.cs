using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using TrtVocoder.Cuda;
using TrtVocoder.Decoding;
using TrtVocoder.Profiling;
using TrtVocoder.TensorRt;
using TrtVocoder.Vocoding;
using static TrtVocoder.GpuTests.CheckRun;

namespace TrtVocoder.GpuTests;

/// <summary>Buffers, graphs, windows, threads and memory of decodes. Where results are compared with each other, the first is compared with PyTorch's too.</summary>
internal static class RunChecks
{
    public static void Run(CheckRun run, EngineFolder engines)
    {
        run.Check("half-width", "mapped and pinned buffers give the same spectra, bit for bit", () => BufferModes(engines.HalfWidth));
        run.Check("half-width", "device pointers and a caller's stream give the same spectra", () => DevicePointers(engines.HalfWidth));
        run.Check("half-width-shift", "a session decodes from and to GPU memory what it decodes from and to the host's, bit for bit", () => DeviceSamples(engines.FrameMajor, 0));
        run.Check("half-width-shift", "the same in a context of the host's own", () => InOwnContext(engines.FrameMajor));
        run.Check("half-width", "a captured run gives the spectra of an enqueued one, bit for bit", () => CapturedRuns(engines.HalfWidth));
        run.Check("half-width-shift", "a captured run of the fast form gives the spectra of an enqueued one, bit for bit", () => CapturedRuns(engines.FrameMajor));
        run.Check("half-width-shift", "a captured run of samples gives those of an enqueued one, bit for bit", () => CapturedRuns(engines.Waveform));
        run.Check("half-width", "windows come as near to the whole decode as the engine to the FP32 vectors", () => Windows(engines.HalfWidth));
        run.Check("half-width-shift", "windows of samples come as near to the whole decode as the engine to the FP32 vectors", () => Windows(engines.Waveform));
        run.Check("half-width", "300 lengths after warm-up: no shape is set", () => NoShapeChange(engines.HalfWidth));
        run.Check("half-width", "layers are timed in captured runs", () => Layers(engines.HalfWidth));
        run.Check("half-width", "eight sessions on eight threads give what one gives", () => ParallelSessions(engines.HalfWidth));
        run.Check("half-width", "an utterance longer than one run is decoded in chunks", () => Chunks(engines.HalfWidth));
        run.Check("half-width-shift", "an utterance longer than one run is decoded in chunks of samples", () => Chunks(engines.Waveform));
        run.Check("half-width", "a decode allocates no managed byte", () => Allocation(engines.HalfWidth));
        run.Check("half-width-shift", "a decode to the engine's own samples allocates no managed byte", () => Allocation(engines.Waveform));
        run.Check("half-width", "10 000 decodes leave host and device memory flat", () => Leaks(engines.HalfWidth));
    }

    private static string BufferModes(string engine)
    {
        float[] pinned = Decode(BufferMode.Pinned, out DecoderState pinnedState), mapped = Decode(BufferMode.Mapped, out DecoderState mappedState), auto = Decode(BufferMode.Auto, out _);
        Require(mappedState.DeviceBytes < pinnedState.DeviceBytes, $"mapped buffers take {mappedState.DeviceBytes} bytes of the GPU, pinned ones {pinnedState.DeviceBytes}: nothing was mapped");
        Require(pinned.AsSpan().SequenceEqual(mapped) && pinned.AsSpan().SequenceEqual(auto), "the results differ");
        return $"{pinned.Length} values alike";

        float[] Decode(BufferMode mode, out DecoderState state)
        {
            using TrtDecoderModel model = TrtDecoderModel.Load(engine, new TrtDecoderOptions { Buffers = mode });
            using TrtDecoder decoder = model.CreateDecoder();
            float[] values = Values(decoder, Vectors.Longest(engine));
            state = decoder.State;
            return values;
        }
    }

    private static string DevicePointers(string engine)
    {
        Vectors vectors = Vectors.Longest(engine);
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder decoder = model.CreateDecoder();
        float[] expected = Values(decoder, vectors);

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

    private static string DeviceSamples(string engine, nint context)
    {
        using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, Engine = new TrtDecoderOptions { Context = context } });
        using VocoderSession session = vocoder.CreateSession();
        session.WarmUp();
        int values = 0;
        using CudaContext cuda = context == 0 ? CudaContext.Retain(CudaDevice.Get()) : CudaContext.Attach(context);
        using CudaStream stream = CudaStream.Create(cuda);
        foreach (int frames in (int[])[64, 100, 256, 700])
        {
            float[] input = Mels.Random(vocoder.MelCount, frames);
            int samples = vocoder.GetSampleCount(frames);
            using DeviceBuffer<float> mel = new(cuda, input.Length), audio = new(cuda, samples);
            using PinnedBuffer<float> host = new(cuda, Math.Max(input.Length, samples));
            input.CopyTo(host.Span);
            stream.Copy(host, mel, input.Length);
            session.DecodeOnDevice(mel.Address, 1, frames, audio.Address, stream.Handle);
            stream.Copy(audio, host, samples);
            stream.Synchronize();
            Require(session.Decode(input, frames).SequenceEqual(host.Span[..samples]), $"{frames} frames: the samples differ");
            values += samples;
        }
        return $"{values} samples alike";
    }

    private static unsafe string InOwnContext(string engine)
    {
        nint driver = NativeLibrary.Load("libcuda.so.1"), context;
        int status = ((delegate* unmanaged[Cdecl]<nint*, uint, int, int>)NativeLibrary.GetExport(driver, "cuCtxCreate_v2"))(&context, 0, CudaDevice.Get().Handle);
        Require(status == 0, $"cuCtxCreate_v2 gave {status}");
        try
        {
            return DeviceSamples(engine, context);
        }
        finally
        {
            ((delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(driver, "cuCtxDestroy_v2"))(context);
        }
    }

    private static string CapturedRuns(string engine)
    {
        Vectors vectors = Vectors.Longest(engine);
        float[] captured = Decode(graphs: true, out DecoderState state), plain = Decode(graphs: false, out DecoderState plainState);
        Require(state.CapturedShapes == 1, $"the engine was not captured: {state.CaptureRefusal}");
        Require(plainState.CapturedShapes == 0, "the enqueued run was captured too: nothing was compared");
        Require(captured.AsSpan().SequenceEqual(plain), "the results differ");
        return $"{plain.Length} values alike, {state.DeviceBytes >> 10} kB of GPU memory";

        float[] Decode(bool graphs, out DecoderState state)
        {
            using TrtDecoderModel model = TrtDecoderModel.Load(engine, new TrtDecoderOptions { CudaGraphs = graphs });
            using TrtDecoder decoder = model.CreateDecoder();
            decoder.PrepareShape(1, vectors.Frames);
            float[] values = Values(decoder, vectors);
            state = decoder.State;
            return values;
        }
    }

    private static string Windows(string engine)
    {
        using Vocoder whole = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Off });
        List<string> figures = [];
        foreach (string policy in (string[])["auto", "64", "128,256"])
        {
            using Vocoder windowed = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Parse(policy), MaxWindowFrames = policy == "auto" ? 300 : null });
            DecodeProfiler profiler = new();
            using VocoderSession session = windowed.CreateSession(profiler), wholeSession = whole.CreateSession();
            // Until then a session runs each input in its own length.
            session.WarmUp();
            int runs = 0;
            foreach (Vectors vectors in Vectors.Beside(engine).Where(vectors => vectors.Frames >= 100))
            {
                float[] expected = vectors.Decode(whole, wholeSession), actual = vectors.Decode(windowed, session);
                double own = Vectors.Snr(expected, vectors.Audio), against = Vectors.Snr(actual, expected), vector = Vectors.Snr(actual, vectors.Audio);
                runs = Math.Max(runs, profiler.Last.Windows);
                figures.Add(FormattableString.Invariant($"{policy} T={vectors.Frames} in {profiler.Last.Windows}: {against:F1} dB to the whole decode, {vector:F1} dB to the vectors (whole: {own:F1})"));
                Require(against >= own, figures[^1]);
            }
            Require(runs > 1, $"{policy}: no vectors needed more than one window");
        }
        return string.Join("; ", figures);
    }

    private static string NoShapeChange(string engine)
    {
        const int Decodes = 300;
        using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints });
        DecodeProfiler profiler = new();
        using VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp();
        Random random = new(1);
        for (int i = 0; i < Decodes; i++)
        {
            int frames = random.Next(vocoder.WindowFrames[0], 1500);
            session.Decode(Mels.Random(vocoder.MelCount, frames), frames, new float[vocoder.GetSampleCount(frames)]);
        }
        IReadOnlyList<DecodeTimes> decodes = profiler.GetDecodes();
        int changed = decodes.Count(decode => decode.ChangedShape), plain = decodes.Count(decode => !decode.UsedGraph);
        Require(decodes.Count == Decodes && changed == 0 && plain == 0, $"of {decodes.Count} decodes {changed} set a shape, {plain} ran without a graph");
        return $"{session.GetState().CapturedShapes} captured windows of {string.Join(", ", vocoder.WindowFrames)} frames on {vocoder.Info.RunsInFlight} streams";
    }

    private static string Layers(string engine)
    {
        using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, Windows = WindowPolicy.Of(256) });
        DecodeProfiler profiler = new(collectsLayers: true);
        using VocoderSession session = vocoder.CreateSession(profiler);
        session.WarmUp();
        profiler.Clear();
        for (int i = 0; i < 20; i++)
            session.Decode(Mels.Random(vocoder.MelCount, 256), 256, new float[vocoder.GetSampleCount(256)]);
        IReadOnlyList<LayerTimes> layers = profiler.GetLayers();
        Require(profiler.Last.UsedGraph, "the run was not captured");
        Require(layers.Count > 10, $"{layers.Count} layers, expected more than 10");
        Require(layers.All(layer => layer.Times.Count == 20), $"{layers.Min(layer => layer.Times.Count)} to {layers.Max(layer => layer.Times.Count)} times a layer, expected 20");
        double sum = layers.Sum(layer => layer.Times.Median);
        Require(sum > 0, "every layer took no time");
        return string.Create(CultureInfo.InvariantCulture, $"{layers.Count} layers, {sum:F3} ms together");
    }

    private static string ParallelSessions(string engine)
    {
        const int Threads = 8, Decodes = 200;
        IReadOnlyList<Vectors> lengths = Vectors.Beside(engine);
        using Vocoder vocoder = Vocoder.Load(engine);
        using VocoderSession one = vocoder.CreateSession();
        float[][] expected = [.. lengths.Select(vectors => vectors.Decode(vocoder, one))];
        RequireSnr(Vectors.Snr(expected[^1], lengths[^1].Audio), 55, "one session");
        int differing = 0;
        long start = Stopwatch.GetTimestamp();
        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, thread =>
        {
            using VocoderSession session = vocoder.CreateSession();
            for (int i = 0; i < Decodes; i++)
            {
                int which = (i + thread) % lengths.Count;
                if (!lengths[which].Decode(vocoder, session).AsSpan().SequenceEqual(expected[which]))
                    Interlocked.Increment(ref differing);
            }
        });
        Require(differing == 0, $"{differing} of {Threads * Decodes} decodes differ");
        return string.Create(CultureInfo.InvariantCulture, $"{Threads * Decodes} decodes alike in {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s");
    }

    private static string Chunks(string engine)
    {
        Vectors whole = Vectors.Longest(engine);
        using Vocoder limited = Vocoder.Load(engine, new VocoderOptions { MaxWindowFrames = 200, Windows = WindowPolicy.Off, Model = Mels.Hints });
        DecodeProfiler profiler = new();
        using VocoderSession session = limited.CreateSession(profiler);
        double snr = Vectors.Snr(whole.Decode(limited, session), whole.Audio);
        int runs = profiler.Last.Windows;
        Require(runs > whole.Frames / 200, $"{whole.Frames} frames were decoded in {runs} runs, which are no chunks of 200");
        RequireSnr(snr, 55, "against upstream's whole decode");
        return FormattableString.Invariant($"{whole.Frames} frames in {runs} chunks of 200: {snr:F1} dB against upstream's whole decode");
    }

    private static string Allocation(string engine)
    {
        const int Decodes = 100;
        Vectors vectors = Vectors.Longest(engine);
        using Vocoder vocoder = Vocoder.Load(engine);
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(vectors.Frames)];
        Decode(10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Decode(Decodes);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Require(allocated == 0, $"{allocated} bytes in {Decodes} decodes");
        return $"0 bytes in {Decodes} decodes";

        void Decode(int count)
        {
            for (int i = 0; i < count; i++)
                session.Decode(vectors.Mel, vectors.Frames, audio);
        }
    }

    private static string Leaks(string engine)
    {
        const int Decodes = 10_000;
        IReadOnlyList<Vectors> lengths = Vectors.Beside(engine);
        using Vocoder vocoder = Vocoder.Load(engine, new VocoderOptions { Model = Mels.Hints, MaxWindowFrames = 300 });
        using VocoderSession session = vocoder.CreateSession();
        using CudaContext cuda = CudaContext.Retain(CudaDevice.Get(0));
        float[] audio = new float[vocoder.GetSampleCount(lengths[^1].Frames)];
        Decode(500);
        (long host, long device) before = Memory();
        Decode(Decodes);
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

    /// <summary>A decoder's spectrum in the engine's own order, or its samples, which reach 55 dB against the vectors.</summary>
    private static float[] Values(TrtDecoder decoder, Vectors vectors)
    {
        vectors.Mel.CopyTo(decoder.BeginInput(1, vectors.Frames));
        DecoderOutput output = decoder.Run();
        bool isSpectrum = output.Signal == OutputKind.Spectrum;
        RequireSnr(isSpectrum ? vectors.SnrOf(output.GetSpectrum(0)) : Vectors.Snr(output.GetAudio(0), vectors.Audio), 55, "the first of the results compared");
        return isSpectrum ? [.. output.GetSpectrum(0).Real, .. output.GetSpectrum(0).Imag] : output.GetAudio(0).ToArray();
    }
}
