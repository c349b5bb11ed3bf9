using System.Collections.Concurrent;
using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.Decoding;
using TrtVocoder.Dsp;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.OnnxRuntime.Tests;

/// <summary>Checkpoint → ONNX → audio against upstream's PyTorch code, and chunks and batches of the same networks against their whole decodes.</summary>
public class GoldenDecodeTests
{
    private static readonly string[] Names = ["tiny-center", "tiny-same", "tiny-80mel"];

    private static readonly OnnxExportOptions[] Forms =
    [
        new(),
        new() { Layout = SpectrumLayout.FrameMajor },
        new() { Depthwise = DepthwiseForm.Shift },
        new() { Signal = OutputKind.Waveform },
    ];

    private readonly ConcurrentDictionary<(string, int), string> _files = new();
    private string _folder = "";

    private static IEnumerable<TestCaseData> Vectors =>
        from name in Names
        from file in Directory.GetFiles(TestPaths.Data("golden", name), "*.mel.npy")
        from form in Enumerable.Range(0, Forms.Length)
        let vector = Path.GetFileName(file)[..^".mel.npy".Length]
        select new TestCaseData(name, vector, form).SetArgDisplayNames(name, vector, Describe(form));

    private static IEnumerable<TestCaseData> Models =>
        from name in Names
        from form in Enumerable.Range(0, Forms.Length)
        select new TestCaseData(name, form).SetArgDisplayNames(name, Describe(form));

    [OneTimeSetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder-test").FullName;

    [OneTimeTearDown]
    public void DropFolder() => Directory.Delete(_folder, recursive: true);

    [TestCaseSource(nameof(Vectors))]
    public void Audio_equals_upstreams(string name, string vector, int form)
    {
        (int[] shape, float[] mel) = NpyVectors.Read(TestPaths.Data("golden", name, vector + ".mel.npy"));
        float[] expected = NpyVectors.ReadValues(TestPaths.Data("golden", name, vector + ".audio.npy"));
        using Vocoder vocoder = Vocoder.Load(Export(name, form), new VocoderOptions { Threads = 1 });
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[shape[0] * vocoder.GetSampleCount(shape[2])];

        session.DecodeBatch(mel, shape[0], shape[2], audio);

        Assert.That(audio, Has.Length.EqualTo(expected.Length));
        double power = expected.Sum(sample => (double)sample * sample);
        double error = audio.Zip(expected, (a, b) => ((double)a - b) * ((double)a - b)).Sum();
        TestContext.Out.WriteLine($"relative error {error / power:e2}, largest {MaxError(audio, expected):e2} of {Peak(expected):f3}");
        Assert.That(error, Is.LessThanOrEqualTo(1e-10 * power), "mean squared error against the signal's power");
        Assert.That(MaxError(audio, expected), Is.LessThanOrEqualTo(1e-5 * Math.Max(1, Peak(expected))));
    }

    [TestCaseSource(nameof(Models))]
    public void Chunks_of_any_length_equal_the_whole_decode(string name, int form)
    {
        string path = Export(name, form);
        using Vocoder whole = Vocoder.Load(path, new VocoderOptions { MaxWindowFrames = 1000, Threads = 1 });
        int least = (2 * whole.Metadata.ReceptiveFieldFrames!.Value) + 5;
        Gen<(int, int, int)> cases =
            from frames in Gen.Choose(2, 200)
            from window in Gen.Choose(least, 90)
            from seed in Gen.Choose(0, 1000)
            select (frames, window, seed);
        Prop.ForAll(cases.ToArbitrary(), value =>
        {
            (int frames, int window, int seed) = value;
            using Vocoder chunked = Vocoder.Load(path, new VocoderOptions { MaxWindowFrames = window, Threads = 1 });
            Random random = new(seed);
            float[] mel = [.. Enumerable.Range(0, whole.MelCount * frames).Select(_ => (random.NextSingle() * 8) - 6)];
            float[] expected = Decode(whole, mel, frames);

            float error = MaxError(Decode(chunked, mel, frames), expected);

            return (error <= 1e-5 * Math.Max(1, Peak(expected))).Label($"error {error} of {Peak(expected)}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(8));
    }

    private string Export(string name, int form) => _files.GetOrAdd((name, form), _ =>
    {
        string path = Path.Combine(_folder, $"{name}.{form}.onnx");
        OnnxExporter.Export(VocosCheckpoint.Load(TestPaths.Data("golden", name)), path, Forms[form]);
        return path;
    });

    private static string Describe(int form) =>
        Forms[form].Signal == OutputKind.Waveform ? "waveform" : $"{Forms[form].Depthwise} {Forms[form].Layout ?? SpectrumLayout.BinsMajor}";

    private static float[] Decode(Vocoder vocoder, float[] mel, int frames)
    {
        using VocoderSession session = vocoder.CreateSession();
        float[] audio = new float[vocoder.GetSampleCount(frames)];
        session.Decode(mel, frames, audio);
        return audio;
    }

    private static float Peak(float[] audio) => audio.Length == 0 ? 0 : audio.Max(Math.Abs);

    private static float MaxError(float[] actual, float[] expected) =>
        actual.Length == 0 ? 0 : actual.Zip(expected, (a, b) => float.IsNaN(a) ? float.PositiveInfinity : Math.Abs(a - b)).Max();
}
