using TrtVocoder.Cuda;
using TrtVocoder.TensorRt;
using static TrtVocoder.GpuTests.CheckRun;

namespace TrtVocoder.GpuTests;

/// <summary>Inputs and engines that do not fit: each is refused for its own reason, in one line.</summary>
internal static class RefusalChecks
{
    public static void Run(CheckRun run, EngineFolder engines)
    {
        run.Check("half-width", "a shape outside the profile is refused in one sentence", () => WrongShape(engines.HalfWidth));
        run.Check("half-width", "a GPU that is not there is refused in one sentence", () => WrongDevice(engines.HalfWidth));
        run.Check("tiny", "a truncated engine is refused in one sentence", () => Truncated(engines.TinyFp32));
        run.Check("tiny", "an engine of another TensorRT version is refused in one sentence", () => OtherVersion(engines.TinyFp32));
        run.Check("rtx", "an engine of TensorRT-RTX is refused by TensorRT in one sentence", () => OtherFlavour(engines.Rtx));
        run.Check("rtx", "an engine of TensorRT-RTX goes to TensorRT-RTX, or says what is missing", () => OwnFlavour(engines.Rtx));
    }

    private static string WrongShape(string engine)
    {
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder decoder = model.CreateDecoder();
        TrtOptimizationProfile profile = model.Profile;
        int frames = profile.MaxFrames + 1, items = profile.MaxBatch + 1;
        return Refused<ArgumentOutOfRangeException>(() => decoder.BeginInput(1, frames), $"{profile.MinFrames} to {profile.MaxFrames} frames", $"not {frames}")
            + " | " + Refused<ArgumentOutOfRangeException>(() => decoder.BeginInput(items, profile.MaxFrames), $"1 to {profile.MaxBatch} items", $"not {items}");
    }

    private static string WrongDevice(string engine)
    {
        int count = CudaDevice.GetCount();
        return Refused<CudaException>(() => TrtDecoderModel.Load(engine, new TrtDecoderOptions { Device = count }).Dispose(), $"There is no GPU {count}", $"this machine has {count}");
    }

    private static string Truncated(string engine) => RefusedCopy<DataFormatException>(engine, bytes => bytes[..(bytes.Length / 2)], "truncated");

    // In a 10.6 plan the version stands in the header (bytes 24 to 27) and again, tagged, where TensorRT itself reads it.
    private static string OtherVersion(string engine) => RefusedCopy<TensorRtException>(
        engine,
        bytes =>
        {
            ReadOnlySpan<byte> tagged = [0x0a, 0x02, 0x80, 0x01, 0x00, 0x06];
            int version = bytes.AsSpan().IndexOf(tagged);
            Require(version >= 0, $"{engine} is not the plan of TensorRT 10.6 that this check changes");
            bytes[version + 5] = 3;
            bytes[25] = 3;
            return bytes;
        },
        "this engine was built by TensorRT 10.3",
        "an engine runs on the version that built it");

    private static string OtherFlavour(string engine)
    {
        RequireRtx(engine);
        return Refused<TensorRtException>(() => TrtDecoderModel.Load(engine, new TrtDecoderOptions { Runtime = EngineFlavour.TensorRt }).Dispose(), "this engine was built by TensorRT-RTX", "cannot be loaded by TensorRT 10");
    }

    private static string OwnFlavour(string engine)
    {
        RequireRtx(engine);
        void Load() => TrtDecoderModel.Load(engine).Dispose();
        try
        {
            TensorRtLibrary.Load(EngineFlavour.TensorRtRtx).Dispose();
        }
        catch (NativeLibraryException)
        {
            return Refused<NativeLibraryException>(Load, "was built by TensorRT-RTX", "and TensorRT-RTX could not be loaded");
        }
        if (CudaDevice.Get().ComputeCapability is not ({ Major: 8, Minor: 0 or 6 or 9 } or { Major: 12 }))
            return Refused<TensorRtException>(Load, "this engine cannot run on this machine's GPU");
        using TrtDecoderModel model = TrtDecoderModel.Load(engine);
        using TrtDecoder decoder = model.CreateDecoder();
        Mels.Random(model.Info.Metadata.MelCount, model.Profile.OptFrames).CopyTo(decoder.BeginInput(1, model.Profile.OptFrames));
        Require(decoder.Run().GetSpectrum(0).Real.ToArray().All(float.IsFinite), "it put out NaN or infinity");
        return $"{model.Info.Backend} runs it";
    }

    private static void RequireRtx(string engine) =>
        Require(EnginePlanHeader.Read(engine).Flavour == EngineFlavour.TensorRtRtx, $"{engine} is no engine of TensorRT-RTX");

    private static string RefusedCopy<T>(string engine, Func<byte[], byte[]> change, params string[] words)
        where T : Exception
    {
        string copy = Path.Combine(Path.GetTempPath(), $"changed-{Environment.ProcessId}.engine");
        File.WriteAllBytes(copy, change(File.ReadAllBytes(engine)));
        try
        {
            return Refused<T>(() => TrtDecoderModel.Load(copy).Dispose(), words);
        }
        finally
        {
            File.Delete(copy);
        }
    }
}
