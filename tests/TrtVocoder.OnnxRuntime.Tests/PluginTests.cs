using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.Internal;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>
/// A plug-in that brings this library with it, in a collectible AssemblyLoadContext, loads, decodes, unloads and loads again. ONNX Runtime's
/// managed half stays the host's, as its native half is.
/// </summary>
[NonParallelizable]
public sealed class PluginTests
{
    private const int Frames = 40;
    private string _folder = "";
    private string _engine = "";
    private string _onnx = "";

    [OneTimeSetUp]
    public void MakeModels()
    {
        if (Simulator.Use() is { } reason)
            Needed.Missing(reason, Assert.Ignore);
        Simulator.Reset();
        _folder = Directory.CreateTempSubdirectory("trtv-plugin").FullName;
        (_onnx, _engine) = (Path.Combine(_folder, "tiny.onnx"), Path.Combine(_folder, "tiny.engine"));
        OnnxExporter.Export(VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-center")), _onnx);
        TrtBuilder.Build(_onnx, _engine, new TrtBuildOptions { Profile = new TrtOptimizationProfile(1, 1, 1, 1, 27, 64) });
    }

    [OneTimeTearDown]
    public void Remove()
    {
        if (_folder.Length > 0)
            Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void A_plug_in_unloads_after_decodes_and_loads_again([Values] bool isGpu, [Values] bool disposes)
    {
        string before = Simulator.Live;
        int instruments = CountInstruments();
        float[]? first = null;
        for (int round = 0; round < 2; round++)
        {
            (WeakReference context, float[] audio) = LoadDecodeUnload(isGpu ? _engine : _onnx, disposes);
            first ??= audio;
            Assert.That(audio, Is.EqualTo(first).And.Some.Not.Zero);
            Assert.That(() => IsGone(context), Is.True.After(5000, 50), $"round {round}: something still holds the plug-in");
            Assert.That(Simulator.Live, Is.EqualTo(before), $"round {round}");
            Assert.That(CountInstruments(), Is.EqualTo(instruments), $"round {round}");
        }
    }

    private static int CountInstruments()
    {
        int count = 0;
        using MeterListener listener = new() { InstrumentPublished = (instrument, _) => count += instrument.Meter.Name == "TrtVocoder" ? 1 : 0 };
        listener.Start();
        return count;
    }

    private static bool IsGone(WeakReference context)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return !context.IsAlive;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Context, float[] Audio) LoadDecodeUnload(string model, bool disposes)
    {
        PluginContext context = new();
        object? audio = context.LoadFromAssemblyPath(typeof(Plugin).Assembly.Location).GetType(typeof(Plugin).FullName!)!
            .GetMethod(nameof(Plugin.Decode))!.Invoke(null, [model, disposes]);
        context.Unload();
        return (new WeakReference(context), (float[])audio!);
    }

    private sealed class PluginContext() : AssemblyLoadContext(isCollectible: true)
    {
        protected override System.Reflection.Assembly? Load(System.Reflection.AssemblyName assemblyName) =>
            assemblyName.Name!.StartsWith("TrtVocoder", StringComparison.Ordinal)
                ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, $"{assemblyName.Name}.dll"))
                : null;
    }

    /// <summary>What the plug-in does, in an assembly of its own copy.</summary>
    public static class Plugin
    {
        /// <summary>Decodes, with threads that help, somebody who listens to the log, and a stream.</summary>
        public static float[] Decode(string model, bool disposes)
        {
            Vocoder vocoder = Vocoder.Load(model, new VocoderOptions { InverseStft = InverseStftPlace.Host, InverseStftThreads = 2 });
            IDisposable log = TrtLog.Listen(_ => { }, TrtLogSeverity.Verbose);
            HelperThreads.Shared.Expect(2);
            VocoderSession session = vocoder.CreateSession();
            float[] mel = new float[vocoder.MelCount * Frames], audio = new float[vocoder.GetSampleCount(Frames)];
            for (int i = 0; i < mel.Length; i++)
                mel[i] = (i % 7) - 3;
            session.WarmUp();
            session.Decode(mel, Frames, audio);
            if (disposes)
                foreach (IDisposable each in (IDisposable[])[log, session, vocoder])
                    each.Dispose();
            return audio;
        }
    }
}
