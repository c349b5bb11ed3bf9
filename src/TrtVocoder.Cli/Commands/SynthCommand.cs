using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>synth</c>: mels, or WAV files for copy synthesis, to WAV files.</summary>
internal sealed class SynthCommand
{
    private const string Examples = """
        trtvocoder synth speech.wav --model vocos.onnx --output out.wav
        trtvocoder synth speech.wav --model vocos.engine --output out.wav
        trtvocoder synth mel.npy --model vocos.onnx --output out.wav --format float
        trtvocoder synth mels/ 'more/**/*.npz' --model vocos.onnx --output out/ --force
        python make_mel.py | trtvocoder synth - --model vocos.onnx --output - | aplay
        """;

    private readonly Vocoder _vocoder;
    private readonly VocoderSession _session;
    private readonly WavSampleFormat _format;
    private readonly bool _force;
    private readonly float? _floor;
    private readonly bool _isTransposed;
    private readonly CommandOutput _output;

    private SynthCommand(Vocoder vocoder, VocoderSession session, WavSampleFormat format, bool force, float? floor, bool isTransposed, CommandOutput output)
    {
        _vocoder = vocoder;
        _session = session;
        _format = format;
        _force = force;
        _floor = floor;
        _isTransposed = isTransposed;
        _output = output;
    }

    public static string Define(Command command)
    {
        Argument<string[]> inputs = new("INPUT") { Description = "Mels (.npy, .npz, .safetensors: [bands, frames], natural logarithm) or .wav files (copy synthesis); folders, globs; - for standard input.", Arity = ArgumentArity.OneOrMore };
        Option<string> model = new("--model", "-m") { Description = "Model: .onnx, .engine or a checkpoint folder.", Required = true };
        Option<string> to = new("--output", "-o") { Description = "WAV file, - for standard output, or a folder when there are several inputs.", Required = true };
        Option<string> format = new("--format") { Description = "Sample format of the WAV file.", DefaultValueFactory = _ => "pcm16" };
        format.AcceptOnlyFromAmong("pcm16", "pcm24", "float");
        Option<bool> force = new("--force", "-f") { Description = "Replace existing files." };
        Option<int> threads = new("--threads") { Description = "CPU threads of the decoder; 0: one a core. Never more than cores.", DefaultValueFactory = _ => 0 };
        Option<int?> chunk = new("--chunk-frames") { Description = "The most frames decoded at once; the result is the same." };
        Option<float?> floor = new("--floor") { Description = "Floor under mel amplitudes of WAV inputs: 1e-7 (Vocos), 1e-5 (F5-TTS). Default: the model's own." };
        Option<bool> transposed = new("--transposed") { Description = "Mels are [frames, bands]." };
        threads.Validators.Add(result => Require(result.GetValueOrDefault<int>() >= 0, result, "--threads must be 0 or more."));
        chunk.Validators.Add(result => Require(result.GetValueOrDefault<int?>() is null or > 0, result, "--chunk-frames must be 1 or more."));
        floor.Validators.Add(result => Require(result.GetValueOrDefault<float?>() is null or (> 0 and < float.PositiveInfinity), result, "--floor must be above 0."));
        CommandLine.Add(command, inputs, model, to, format, force, threads, chunk, floor, transposed);
        EngineOptions engine = new(command);
        CommandLine.SetAction(command, (result, output) =>
        {
            InputSet set = InputSet.Expand(result.GetValue(inputs)!);
            string target = result.GetValue(to)!;
            bool overwrite = result.GetValue(force);
            List<(string From, string To)> jobs = Pair(set, target, overwrite, output);
            VocoderOptions options = new()
            {
                Threads = LimitThreads(result.GetValue(threads), output),
                MaxWindowFrames = result.GetValue(chunk),
                Model = engine.Hints(result),
            };
            engine.Apply(result, output, result.GetValue(model)!);
            using Vocoder vocoder = ModelSource.Load(result.GetValue(model)!, options, output);
            using VocoderSession session = vocoder.CreateSession();
            WavSampleFormat sampleFormat = result.GetValue(format) switch { "pcm24" => WavSampleFormat.Pcm24, "float" => WavSampleFormat.IeeeFloat, _ => WavSampleFormat.Pcm16 };
            SynthCommand synth = new(vocoder, session, sampleFormat, overwrite, result.GetValue(floor), result.GetValue(transposed), output);
            return set.IsMany ? synth.RunMany(jobs) : synth.RunOne(jobs[0]);
        });
        return Examples;
    }

    private static void Require(bool condition, System.CommandLine.Parsing.OptionResult result, string message)
    {
        if (!condition)
            result.AddError(message);
    }

    // Threads that wait for each other while they share a core make a decode hundreds of times slower.
    private static int LimitThreads(int threads, CommandOutput output)
    {
        if (threads <= Environment.ProcessorCount)
            return threads;
        output.Note($"--threads {threads}: this machine has {Environment.ProcessorCount} cores; as many threads are used.");
        return Environment.ProcessorCount;
    }

    private static List<(string From, string To)> Pair(InputSet set, string target, bool force, CommandOutput output)
    {
        bool isFolder = Directory.Exists(target);
        if (!set.IsMany && !isFolder)
        {
            // A name without extension may be a device or a pipe.
            if (Path.GetExtension(target) is { Length: > 0 } extension && !extension.Equals(".wav", StringComparison.OrdinalIgnoreCase))
                throw CliException.Usage($"--output {target}: the name must end in .wav, which is what is written.");
            OutputPath.Check(target, force, output);
            return [(set.Files[0], target)];
        }
        if (!isFolder)
            throw CliException.FileSystem($"{target} is not an existing folder; {set.Files.Count} inputs need one: 'mkdir -p {target}' makes it.");
        List<(string From, string To)> jobs = [];
        Dictionary<string, string> taken = [];
        foreach (string file in set.Files)
        {
            string path = Path.Combine(target, (file == OutputPath.Standard ? "stdin" : Path.GetFileNameWithoutExtension(file)) + ".wav");
            if (!taken.TryAdd(path, file))
                throw CliException.Usage($"{taken[path]} and {file} would both become {path}; give one of them another name.");
            if (file != OutputPath.Standard && Path.GetFullPath(file) == Path.GetFullPath(path))
                throw CliException.Usage($"{file} would be replaced by its own result; give another output folder.");
            OutputPath.Check(path, force, output);
            jobs.Add((file, path));
        }
        return jobs;
    }

    private int RunOne((string From, string To) job)
    {
        (SynthesisResult result, int clipped) = Convert(job);
        _output.Line(Describe(job.To, result));
        _output.Json(writer =>
        {
            WriteFile(writer, job, result, clipped);
            writer.WriteString("backend", _vocoder.Info.Backend);
        });
        return ExitCode.Success;
    }

    private int RunMany(List<(string From, string To)> jobs)
    {
        List<((string From, string To) Job, SynthesisResult? Result, int Clipped, Failure? Failure)> done = [];
        if (_output.ShowsProgress)
            ProgressBar.Run("synth", jobs.Count, report => RunAll(job => report(done.Count, Path.GetFileName(job.From))));
        else
            RunAll(_ => { });

        double audio = done.Sum(item => item.Result?.DurationSeconds ?? 0);
        double seconds = done.Sum(item => item.Result?.DecodeSeconds ?? 0);
        int failed = done.Count(item => item.Failure is not null);
        foreach (var item in done)
            _output.Line(item.Result is { } result ? Describe(item.Job.To, result) : $"{item.Job.To}: not written");
        _output.Line(string.Create(CultureInfo.InvariantCulture, $"{done.Count - failed} of {done.Count} files, {audio:0.00} s of speech, decoded in {seconds:0.000} s"));
        _output.Json(writer =>
        {
            writer.WriteStartArray("files");
            foreach (var item in done)
            {
                writer.WriteStartObject();
                if (item.Result is not null)
                    WriteFile(writer, item.Job, item.Result, item.Clipped);
                else
                {
                    writer.WriteString("input", item.Job.From);
                    CommandOutput.WriteError(writer, item.Failure!);
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteNumber("failed", failed);
            writer.WriteNumber("durationSeconds", audio);
            writer.WriteNumber("decodeSeconds", seconds);
            writer.WriteString("backend", _vocoder.Info.Backend);
        });
        return done.Find(item => item.Failure is not null).Failure?.ExitCode ?? ExitCode.Success;

        // One bad file does not stop the others; the first failure gives the exit code.
        void RunAll(Action<(string From, string To)> report)
        {
            CommandLine.CancelsItself = true;
            foreach ((string From, string To) job in jobs)
            {
                CommandLine.CancellationToken.ThrowIfCancellationRequested();
                report(job);
                try
                {
                    (SynthesisResult result, int clipped) = Convert(job);
                    done.Add((job, result, clipped, null));
                }
                catch (Exception error)
                {
                    Failure failure = Failure.Of(error);
                    if (!_output.IsJson)
                        _output.Fail(failure, error);
                    done.Add((job, null, 0, failure));
                }
            }
        }
    }

    private (SynthesisResult Result, int Clipped) Convert((string From, string To) job)
    {
        SynthesisResult result = SynthesisResult.Run(InputFile.Read(job.From), _vocoder, _session, _floor, _isTransposed, _output);
        int clipped = 0;
        OutputPath.Write(job.To, _force, stream => clipped = WavFile.Write(stream, result.Samples, 1, result.SampleRate, _format));
        if (clipped > 0)
            _output.Note(string.Create(CultureInfo.InvariantCulture, $"{job.To}: {clipped} of {result.Samples.Length} samples were beyond full scale and clipped; --format float keeps them."));
        return (result, clipped);
    }

    private static string Describe(string path, SynthesisResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(path == OutputPath.Standard ? "standard output" : path)}: {result.DurationSeconds:0.00} s at {result.SampleRate} Hz, {result.Frames} frames decoded in {1000 * result.DecodeSeconds:0.0} ms (real-time factor {result.RealTimeFactor:0.0000}, {1 / result.RealTimeFactor:0} × real time)");

    private static void WriteFile(Utf8JsonWriter writer, (string From, string To) job, SynthesisResult result, int clipped)
    {
        writer.WriteString("input", job.From);
        writer.WriteString("output", job.To);
        writer.WriteNumber("sampleRate", result.SampleRate);
        writer.WriteNumber("samples", result.Samples.Length);
        writer.WriteNumber("frames", result.Frames);
        writer.WriteNumber("durationSeconds", result.DurationSeconds);
        writer.WriteNumber("decodeSeconds", result.DecodeSeconds);
        writer.WriteNumber("realTimeFactor", result.RealTimeFactor);
        writer.WriteNumber("clippedSamples", clipped);
    }
}
