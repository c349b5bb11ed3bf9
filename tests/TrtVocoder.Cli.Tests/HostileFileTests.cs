using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using TrtVocoder.Files;
using TrtVocoder.OnnxRuntime.Tests;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Cli.Tests;

/// <summary>Small files made to take memory, time or the terminal: a sentence, in a process that may take 200 MB of managed memory and 30 s.</summary>
[Platform("Linux")]
public class HostileFileTests : CliFixture
{
    // Of any text: what a terminal would obey.
    private const string Escape = "\u001b[2J\u001b]0;x\u0007\u202e";

    private CliRun Bounded(params string[] arguments)
    {
        const int MaxSeconds = 30;
        long start = Stopwatch.GetTimestamp();
        CliRun run = CliRun.Run(CliRun.Program, Folder, null, [("DOTNET_GCHeapHardLimit", "0xC800000")], process =>
        {
            if (!process.WaitForExit(TimeSpan.FromSeconds(MaxSeconds)))
                process.Kill();
        }, arguments);
        Assert.That(Stopwatch.GetElapsedTime(start).TotalSeconds, Is.LessThan(MaxSeconds));
        Assert.That(run.StandardError + run.Text, Does.Not.Contain("\u001b").And.Not.Contain("\u0007").And.Not.Contain("\u202e").And.Not.Contain("Exception"));
        return run;
    }

    private string WriteCheckpoint(byte[] weights)
    {
        Directory.CreateDirectory(At("c"));
        File.Copy(TestPaths.Data("golden", "tiny-center", "config.yaml"), At("c/config.yaml"));
        File.WriteAllBytes(At("c/pytorch_model.bin"), weights);
        return "c";
    }

    [Test]
    public void H1_one_list_made_a_dictionary_of_again_and_again()
    {
        PickleWriter pickle = new();
        pickle.Bytes((byte)']', (byte)'r', 0x60, 0xEA, 0, 0, (byte)'(');
        for (int i = 0; i < 20_000; i++)
            pickle.Tuple(() => pickle.Text($"k{i}"), () => pickle.Integer(i));
        pickle.Bytes((byte)'e', (byte)'(');
        for (int i = 0; i < 2000; i++)
        {
            pickle.Global("collections", "OrderedDict");
            pickle.Bytes((byte)'j', 0x60, 0xEA, 0, 0, 0x85, (byte)'R');
        }
        pickle.Opcode('t');
        WriteCheckpoint(TorchFileWriter.Wrap(pickle.Finish()));
        Bounded("export", "c", "--output", "x.onnx").FailsWith(3, "steps");
        Bounded("info", "c").FailsWith(3, "steps");
    }

    [Test]
    public void H2_gigabytes_of_one_value()
    {
        Directory.CreateDirectory(At("c"));
        File.WriteAllText(At("c/config.yaml"), File.ReadAllText(TestPaths.Data("golden", "tiny-center", "config.yaml"))
            .Replace("dim: 64", "dim: 1024").Replace("intermediate_dim: 192", "intermediate_dim: 1024").Replace("num_layers: 2", "num_layers: 128"));
        TorchFileWriter writer = new();
        writer.AddStorage("0", "FloatStorage", [1f]);
        foreach ((string name, var shape) in Export.Checkpoints.VocosWeights.GetWeightShapes(Export.Checkpoints.VocosConfigReader.ReadFile(At("c/config.yaml"), [])!.Whole!))
            writer.AddView(name, new TorchView("0", 0, [.. shape.Select(size => (long)size)], new long[shape.Length]));
        File.WriteAllBytes(At("c/pytorch_model.bin"), writer.ToZip());
        Bounded("export", "c", "--output", "x.onnx").FailsWith(3, "repeat their values");
    }

    [TestCase("n_fft", "1073741824")]
    [TestCase("hop_length", "2147483647")]
    [TestCase("sample_rate", "2147483647")]
    [TestCase("n_mels", "1000000000")]
    [TestCase("receptive_field_frames", "2000000000")]
    [TestCase("mel_floor", "NaN")]
    public void H3_metadata_beyond_any_vocoder(string key, string value)
    {
        Dictionary<string, string> metadata = new()
        {
            ["sample_rate"] = "24000",
            ["n_fft"] = "16",
            ["hop_length"] = "4",
            ["n_mels"] = "5",
            ["padding"] = "center",
            ["layout"] = "bins-major",
            ["signal"] = "spectrum",
            ["mel_floor"] = "1e-7",
            ["receptive_field_frames"] = "1",
        };
        metadata[key] = value;
        KeyValuePair<string, string>[] properties = [.. metadata.Select(pair => KeyValuePair.Create("trtvocoder." + pair.Key, pair.Value))];
        WriteMel("a.npy", bands: 5);
        File.WriteAllBytes(At("x.onnx"), Spectrum().Metadata(properties).ToBytes());
        Bounded("info", "x.onnx").FailsWith(3, key);
        Bounded("synth", "a.npy", "--model", "x.onnx", "--output", "a.wav").FailsWith(3, key);
        if (key is not ("n_fft" or "hop_length" or "sample_rate"))
            return;
        // By the names of other exporters.
        File.WriteAllBytes(At("y.onnx"), Spectrum().Metadata([new(key, value)]).ToBytes());
        Bounded("info", "y.onnx").FailsWith(3, key);
    }

    [Test]
    public void M1_a_NUL_in_the_name_of_a_property()
    {
        File.WriteAllBytes(At("x.onnx"), Spectrum().Metadata([new("a\0b", "1")]).ToBytes());
        Bounded("info", "x.onnx").FailsWith(3, "NUL");
    }

    [Test]
    public void M2_an_npz_that_unpacks_to_hundreds_of_megabytes()
    {
        using (FileStream file = File.Create(At("x.npz")))
        using (ZipArchive archive = new(file, ZipArchiveMode.Create))
        using (Stream entry = archive.CreateEntry("mel.npy", CompressionLevel.Fastest).Open())
            NpyFile.Write(entry, new FloatTensor([100, 600_000], new float[60_000_000]));
        Bounded("synth", "x.npz", "--model", Model, "--output", "a.wav").FailsWith(3, "unpacks to 60000000 values");
        Bounded("info", "x.npz").FailsWith(3, "unpacks to 60000000 values");
    }

    [TestCase("\"profiles\": [null]")]
    [TestCase("\"settings\": {\"fp16\": null}")]
    [TestCase("\"metadata\": {\"trtvocoder.sample_rate\": null}")]
    [TestCase("\"metadata\": null")]
    [TestCase("\"settings\": {}, \"settings\": {}")]
    [TestCase("\"gpu\": \"\\u001b[2J\\u202e\"")]
    [TestCase("\"metadata\": {\"trtvocoder.sample_rate\": \"24000\", \"trtvocoder.n_fft\": \"1073741824\"}")]
    public void M3_sidecars_that_hold_nulls_names_twice_and_escapes(string member)
    {
        byte[] engine = [.. "ftrt"u8, .. new byte[96]];
        engine[16] = 100;
        engine[24] = 10;
        File.WriteAllBytes(At("x.engine"), engine);
        string[] members =
        [
            "\"format_version\": 1", "\"runtime\": \"TensorRT\"", "\"runtime_version\": \"10.3.0\"", "\"gpu\": \"\"", "\"compute_capability\": \"\"", "\"engine_bytes\": 100",
            "\"onnx\": \"a\"", "\"onnx_sha256\": \"b\"", "\"profiles\": []", "\"settings\": {}", "\"metadata\": {}",
        ];
        string name = member[..member.IndexOf(':', StringComparison.Ordinal)];
        File.WriteAllText(At("x.engine.json"), $"{{{string.Join(", ", members.Where(each => !each.StartsWith(name, StringComparison.Ordinal)).Append(member))}}}");
        WriteMel("a.npy");
        foreach (string[] command in (string[][])[["info", "x.engine"], ["info", "x.engine", "--json"], ["synth", "a.npy", "--model", "x.engine", "--output", "a.wav"]])
            Assert.That(Bounded(command).ExitCode, Is.AnyOf(0, 3, 5), member);
    }

    [Test]
    public void M5_escapes_in_names_values_and_types_do_not_reach_the_terminal()
    {
        Directory.CreateDirectory(At("c"));
        string config = File.ReadAllText(Path.Combine(Checkpoint, "config.yaml"));
        File.Copy(Path.Combine(Checkpoint, "model.safetensors"), At("c/model.safetensors"));
        foreach (string changed in (string[])[
            config.Replace("n_mels: 100", "n_mels: \"\\e[2J\\u202E\""), config.Replace("n_mels:", "\"\\e[2J\":"), config.Replace("hop_length: 256", "hop_length: 256\n    \"\\e[2J\\a\": 1"),
            config.Replace("padding: center", "padding: \"\\e[2J\""), $"\"\\e[2J\": 1\n", config + "x: \"\\e[2J", config.Replace("vocos.", "\"\\e[2J\".")])
        {
            File.WriteAllText(At("c/config.yaml"), changed);
            Bounded("info", "c");
            Bounded("export", "c", "--output", "/dev/null");
        }
        File.WriteAllBytes(At("t.safetensors"), Safetensors($"{{\"a\\u001b[2J\":{{\"dtype\":\"F\\u001b[2J\",\"shape\":[1],\"data_offsets\":[0,4]}},\"b\\u202e\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}},"
            + "\"c\\u202e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}}"));
        File.WriteAllBytes(At("n.npy"), [0x93, .. "NUMPY\u0001\0\u0080\0"u8, .. Encoding.UTF8.GetBytes($"{{'descr': '<{Escape}', 'fortran_order': False, 'shape': (1,), }}".PadRight(0x80))]);
        using (FileStream file = File.Create(At("z.npz")))
        using (ZipArchive archive = new(file, ZipArchiveMode.Create))
            foreach (string name in (string[])[$"a{Escape}.npy", $"b{Escape}.npy"])
                archive.CreateEntry(name).Open().Dispose();
        File.WriteAllBytes(At("o.onnx"), new TinyOnnx().Input($"x{Escape}", TinyOnnx.Float, "B", 5, "T").Node("Relu", [$"x{Escape}"], [$"y{Escape}"]).Output($"y{Escape}", TinyOnnx.Float, "B", 5, "T").ToBytes());
        File.WriteAllText(At($"name{Escape}.npy"), "no array");
        foreach (string file in (string[])["t.safetensors", "n.npy", "z.npz", "o.onnx", $"name{Escape}.npy"])
        {
            Bounded("info", file);
            Bounded("synth", file, "--model", Model, "--output", "a.wav");
            Bounded("synth", WriteMel("a.npy"), "--model", file, "--output", "a.wav");
            Bounded("bench", file);
        }
        Assert.That(Files, Has.None.EqualTo("a.wav"));
    }

    [Test]
    public void L3_a_header_of_a_million_axes_makes_a_short_message()
    {
        File.WriteAllBytes(At("x.safetensors"), Safetensors($"{{\"mel\":{{\"dtype\":\"F32\",\"shape\":[{string.Join(',', Enumerable.Repeat('1', 1_000_000))}],\"data_offsets\":[0,4]}}}}"));
        foreach (string[] command in (string[][])[["info", "x.safetensors"], ["synth", "x.safetensors", "--model", Model, "--output", "a.wav"]])
        {
            CliRun run = Bounded(command);
            run.FailsWith(3, "more than 16 axes");
            Assert.That(run.StandardError, Has.Length.LessThan(5000));
        }
    }

    [Test]
    public void L4_an_npz_with_one_name_twice()
    {
        using (FileStream file = File.Create(At("x.npz")))
        using (ZipArchive archive = new(file, ZipArchiveMode.Create))
            for (int i = 0; i < 2; i++)
            {
                using Stream entry = archive.CreateEntry("mel.npy").Open();
                NpyFile.Write(entry, new FloatTensor([100, 2], new float[200]));
            }
        Bounded("info", "x.npz").FailsWith(3, "twice");
    }

    [TestCase("/dev/zero")]
    [TestCase("pipe")]
    public void Devices_and_pipes_in_place_of_the_files_beside_a_model(string place)
    {
        Process.Start("mkfifo", [At("pipe")]).WaitForExit();
        string to = place == "pipe" ? At("pipe") : place;
        (string Folder, string Name, string Whole)[] folders = [("a", "config.yaml", "model.safetensors"), ("b", "model.safetensors", "config.yaml")];
        foreach ((string folder, string name, string whole) in folders)
        {
            Directory.CreateDirectory(At(folder));
            File.Copy(Path.Combine(Checkpoint, whole), At($"{folder}/{whole}"));
            File.CreateSymbolicLink(At($"{folder}/{name}"), to);
            Bounded("info", folder).FailsWith(3, name, "is a pipe or a device");
        }
        File.WriteAllBytes(At("x.engine"), [.. "ftrt"u8, .. new byte[96]]);
        File.CreateSymbolicLink(At("x.engine.json"), to);
        Assert.That(Bounded("info", "x.engine").StandardError, Does.Contain("x.engine.json").And.Contain("is a pipe or a device"));
    }

    [Test]
    public void A_device_that_never_ends_is_read_as_far_as_it_tells_what_it_is()
    {
        foreach (string name in (string[])["x.onnx", "x.engine", "x.wav", "x.npy"])
        {
            File.CreateSymbolicLink(At(name), "/dev/zero");
            Bounded("info", name).FailsWith(3, name);
            Bounded("synth", name, "--model", Model, "--output", "a.wav").FailsWith(3, name);
        }
        Bounded("bench", Model, "--lengths", "/dev/zero").FailsWith(3, "/dev/zero is larger than");
        Bounded("bench", "--compare", "/dev/zero", "/dev/zero").FailsWith(3, "/dev/zero is larger than");
    }

    private static TinyOnnx Spectrum() => new TinyOnnx().Input("x", TinyOnnx.Float, "B", 5, "T").Node("Transpose", ["x"], ["re"], ("perm", [0, 1, 2])).Node("Relu", ["x"], ["im"])
        .Output("re", TinyOnnx.Float, "B", 9, "T").Output("im", TinyOnnx.Float, "B", 9, "T");

    private static byte[] Safetensors(string header)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)text.Length), .. text, 0, 0, 0, 0];
    }
}
