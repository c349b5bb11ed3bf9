using System.Globalization;
using TrtVocoder.Fuzz.Targets;

namespace TrtVocoder.Fuzz;

/// <summary>The command line: <c>[--seconds S | --executions N] [--seed N] [--target NAME]… [--replay FILE]</c>.</summary>
internal sealed record FuzzOptions
{
    public static readonly FuzzTarget[] AllTargets =
    [
        new NpyTarget(), new NpzTarget(), new SafetensorsTarget(), new TorchZipTarget(), new TorchLegacyTarget(), new PickleTarget(), new ConfigTarget(),
        new WavTarget(), new SidecarTarget(), new PlanHeaderTarget(), new OnnxOutlineTarget(), new OnnxMetadataTarget(), new OnnxWeightsTarget(),
        new StateDictTarget(), new ExportTarget(), new ServedJsonTarget(), new ServedAnswerTarget(), new SchedulerTarget(),
    ];

    public double Seconds { get; private init; } = 60;

    /// <summary>Inputs in all, shared out by weight; null: as many as the seconds allow.</summary>
    public long? Executions { get; private init; }

    public int Seed { get; private init; } = 1;

    public IReadOnlyList<FuzzTarget> Targets { get; private init; } = AllTargets;

    public string? Replay { get; private init; }

    public bool IsWorker => ProgressPath is not null;

    /// <summary>The file by which the worker tells its parent what it is at.</summary>
    public string? ProgressPath { get; private init; }

    /// <summary>Where inputs of findings are kept.</summary>
    public static string Folder => Path.Combine("build", "fuzz");

    public static FuzzOptions Parse(string[] args)
    {
        FuzzOptions options = new();
        List<FuzzTarget> targets = [];
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            string value = args[i + 1];
            switch (args[i])
            {
                case "--seconds": options = options with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "--executions": options = options with { Executions = long.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "--seed": options = options with { Seed = int.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "--target": targets.Add(Find(value)); break;
                case "--replay": options = options with { Replay = value }; break;
                case "--worker": options = options with { ProgressPath = value }; break;
                default: throw Usage(args[i]);
            }
        }
        if (args.Length % 2 != 0)
            throw Usage(args[^1]);
        if (options.Replay is not null && targets.Count != 1)
            throw new ArgumentException("--replay FILE needs one --target NAME.");
        return targets.Count == 0 ? options : options with { Targets = targets };
    }

    private static FuzzTarget Find(string name) => AllTargets.FirstOrDefault(target => target.Name == name)
        ?? throw new ArgumentException($"There is no target '{name}'; there are {string.Join(", ", AllTargets.Select(target => target.Name))}.");

    private static ArgumentException Usage(string word) => new($"Cannot use '{word}': [--seconds S | --executions N] [--seed N] [--target NAME]… [--replay FILE]");
}
