using System.CommandLine;
using System.Globalization;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Cli.Commands;

/// <summary><c>synth</c>: mels, or WAV files for copy synthesis, to WAV files.</summary>
internal sealed class SynthCommand : CliCommand
{
    private readonly Argument<string[]> _inputs = new("INPUT")
    {
        Description = "Mels (.npy, .npz, .safetensors: [bands, frames], natural logarithm) or .wav files (copy synthesis); folders, "
            + "wildcards; - for standard input.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _model = new("--model", "-m")
    {
        Description =
        "Model: .onnx, .engine, or a checkpoint's folder or weights.",
        Required = true
    };
    private readonly Option<string> _to = new("--output", "-o")
    {
        Description =
        "WAV file, - for standard output, or a folder when there are several inputs.",
        Required = true
    };
    private readonly Option<string> _format = Options.Choice(
        "--format", "Sample format of the WAV file.", "pcm16", ["pcm16", "pcm24", "float"]);
    private readonly Option<bool> _force = Options.Force();
    private readonly Option<int> _threads = Options.Integer("--threads",
        "CPU threads of the decoder; 0: one a core. Never more than cores.", 0);
    private readonly Option<int?> _chunk = Options.OptionalInteger("--chunk-frames",
        "The most frames decoded at once; the result is the same.", least: 1);
    private readonly Option<float?> _floor = Options.Floor(
        "Floor under mel amplitudes of WAV inputs: 1e-7 (Vocos), 1e-5 (F5-TTS). Default: the model's own.");
    private readonly Option<bool> _transposed = new("--transposed") { Description = "Mels are [frames, bands]." };
    private readonly Option<string?> _key = Options.Key();
    private readonly EngineOptions _engine = new();

    public override string Examples => """
        trtvocoder synth speech.wav --model vocos.onnx --output out.wav
        trtvocoder synth speech.wav --model vocos.engine --output out.wav
        trtvocoder synth mel.npy --model vocos.onnx --output out.wav --format float
        trtvocoder synth mels/ 'more/**/*.npz' --model vocos.onnx --output out/ --force
        python make_mel.py | trtvocoder synth - --model vocos.onnx --output - | aplay
        """;

    public override IEnumerable<Symbol> Symbols =>
        [_inputs, _model, _to, _format, _force, _threads, _chunk, _floor, _transposed, _key, .. _engine.Symbols];

    public override CommandResult Run(CommandCall call)
    {
        InputSet set = InputSet.Expand(call.Get(_inputs)!);
        List<SynthJob> jobs = Pair(set, call.Get(_to)!, call);
        string model = call.Get(_model)!;
        VocoderOptions options = _engine.Complete(
            new VocoderOptions { Threads = LimitThreads(call.Get(_threads), call.Output), MaxWindowFrames = call.Get(_chunk) }, call,
            model);
        using Vocoder vocoder = ModelSource.Load(model, options, call.Output, _engine.ReadCheckpoint(call));
        using VocoderSession session = vocoder.CreateSession();
        return set.IsMany
            ? RunMany(jobs, vocoder, session, call)
            : Convert(jobs[0], vocoder, session, call) with { Backend = vocoder.Info.Backend };
    }

    // Threads that wait for each other while they share a core make a decode hundreds of times slower.
    private static int LimitThreads(int threads, CommandOutput output)
    {
        if (threads <= Environment.ProcessorCount)
            return threads;
        output.Note(string.Create(CultureInfo.InvariantCulture,
            $"--threads {threads}: this machine has {Environment.ProcessorCount} cores; as many threads are used."));
        return Environment.ProcessorCount;
    }

    private List<SynthJob> Pair(InputSet set, string target, CommandCall call)
    {
        bool isFolder = Directory.Exists(target);
        if (!set.IsMany && !isFolder)
        {
            // A name without extension may be one that is yet to become a device or a pipe.
            OutputPath.Check(target, call.Get(_force), call.Output, "--output", Path.HasExtension(target) ? [".wav"] : []);
            return [new SynthJob(set.Files[0], target)];
        }
        if (!isFolder)
            throw CliException.FileSystem(
                $"{target} is not an existing folder; {set.Files.Count} inputs need one: 'mkdir -p {target}' makes it.");
        List<SynthJob> jobs = [];
        Dictionary<string, string> taken = [];
        foreach (string file in set.Files)
        {
            string path = Path.Combine(target, (file == OutputPath.Standard ? "stdin" : Path.GetFileNameWithoutExtension(file)) + ".wav");
            if (!taken.TryAdd(path, file))
                throw CliException.Usage($"{taken[path]} and {file} would both become {path}; give one of them another name.");
            if (file != OutputPath.Standard && Path.GetFullPath(file) == Path.GetFullPath(path))
                throw CliException.Usage($"{file} would be replaced by its own result; give another output folder.");
            OutputPath.Check(path, call.Get(_force), call.Output);
            jobs.Add(new SynthJob(file, path));
        }
        return jobs;
    }

    private SynthSetResult RunMany(List<SynthJob> jobs, Vocoder vocoder, VocoderSession session, CommandCall call)
    {
        List<SynthResult> done = [];
        CancellationToken stop = call.WatchForStop();
        if (call.Output.ShowsProgress)
            ProgressBar.Run("synth", jobs.Count, report => RunAll(job => report(done.Count, Path.GetFileName(job.From))));
        else
            RunAll(_ => { });
        return new SynthSetResult(
            done, done.Count(file => file.Error is not null), done.Sum(file => file.DurationSeconds ?? 0),
            done.Sum(file => file.DecodeSeconds ?? 0), vocoder.Info.Backend);

        // One bad file does not stop the others; the first failure gives the exit code.
        void RunAll(Action<SynthJob> report)
        {
            foreach (SynthJob job in jobs)
            {
                stop.ThrowIfCancellationRequested();
                report(job);
                try
                {
                    done.Add(Convert(job, vocoder, session, call));
                }
                catch (Exception error)
                {
                    Failure failure = Failure.Of(error);
                    if (!call.Output.IsJson)
                        call.Output.Fail(failure, error);
                    done.Add(new SynthResult { Input = job.From, Target = job.To, Error = failure });
                }
            }
        }
    }

    private SynthResult Convert(SynthJob job, Vocoder vocoder, VocoderSession session, CommandCall call)
    {
        SynthesisResult result = SynthesisResult.Run(
            InputFile.Read(job.From), vocoder, session, call.Get(_floor), new MelChoice(call.Get(_transposed), call.Get(_key)),
            call.Output);
        WavSampleFormat format = call.Get(_format) switch { "pcm24" => WavSampleFormat.Pcm24, "float" => WavSampleFormat.IeeeFloat, _ => WavSampleFormat.Pcm16 };
        int clipped = 0;
        OutputPath.Write(job.To, call.Get(_force), stream => clipped = WavFile.Write(stream, result.Samples, 1, result.SampleRate, format));
        if (clipped > 0)
            call.Output.Note(string.Create(
                CultureInfo.InvariantCulture, $"{job.To}: {clipped} of {result.Samples.Length} samples were beyond full scale and "
                    + $"clipped; --format float keeps them."));
        return new SynthResult
        {
            Input = job.From,
            Target = job.To,
            Output = job.To,
            SampleRate = result.SampleRate,
            Samples = result.Samples.Length,
            Frames = result.Frames,
            DurationSeconds = result.DurationSeconds,
            DecodeSeconds = result.DecodeSeconds,
            RealTimeFactor = result.RealTimeFactor,
            ClippedSamples = clipped,
        };
    }

    private sealed record SynthJob(string From, string To);
}
