using System.CommandLine;
using System.Runtime.CompilerServices;
using TrtVocoder.Benchmarking;
using TrtVocoder.Cli.Inputs;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Plotting;

namespace TrtVocoder.Cli.Commands;

/// <summary>The files that <c>bench</c> writes. Whether they can be written is said before anything is measured.</summary>
internal sealed record BenchOutputs(string? Times, string? Profile, string? LayerInfo, string? Report, bool Force)
{
    /// <summary>Whether layers must be timed.</summary>
    public bool NeedsLayers => Profile is not null || LayerInfo is not null || Report is not null;

    public bool IsAny => Times is not null || NeedsLayers;

    public static BenchOutputs Read(BenchArguments arguments, ParseResult result, CommandOutput output)
    {
        BenchOutputs outputs = new(
            result.GetValue(arguments.Exports.Times), result.GetValue(arguments.Exports.Profile), result.GetValue(arguments.Exports.LayerInfo),
            result.GetValue(arguments.Report), result.GetValue(arguments.Force));
        HashSet<string> taken = [];
        foreach ((Option<string?> option, string? path) in (ReadOnlySpan<(Option<string?>, string?)>)
            [(arguments.Exports.Times, outputs.Times), (arguments.Exports.Profile, outputs.Profile), (arguments.Exports.LayerInfo, outputs.LayerInfo), (arguments.Report, outputs.Report)])
        {
            if (path is null)
                continue;
            if (path.Length == 0 || path == OutputPath.Standard)
                throw CliException.Usage($"{option.Name} needs a file name.");
            if (!taken.Add(Path.GetFullPath(path)))
                throw CliException.Usage($"{path} is named twice; give each file a name of its own.");
            OutputPath.Check(path, outputs.Force, output);
        }
        if (outputs.Report is { } report && Path.GetExtension(report).ToLowerInvariant() is not (".html" or ".png"))
            throw CliException.Usage($"--report {report}: the name must end in .html or .png.");
        return outputs;
    }

    /// <summary>Writes them.</summary>
    public void Write(BenchResult bench, LayerReport? layers, CommandOutput output)
    {
        if (Times is not null)
            OutputPath.Write(Times, Force, stream => TrtexecFiles.WriteTimes(stream, bench.Runs.SelectMany(run => run.Decodes)));
        if (Profile is not null)
            OutputPath.Write(Profile, Force, stream => TrtexecFiles.WriteProfile(stream, layers!));
        if (LayerInfo is not null)
            OutputPath.Write(LayerInfo, Force, stream => TrtexecFiles.WriteLayerInfo(stream, layers!));
        if (Report is null)
            return;
        if (PlotFont.Path is null)
            output.Note(PlotFont.MissingNote);
        byte[] report = Draw(Report, bench, layers!);
        OutputPath.Write(Report, Force, stream => stream.Write(report));
    }

    // Not inlined: pictures need ScottPlot, which is loaded only where there is a report.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static byte[] Draw(string path, BenchResult bench, LayerReport layers) => BenchReport.Make(
        path.EndsWith(".png", StringComparison.OrdinalIgnoreCase), bench, layers,
        [("machine", $"{bench.Machine!.Cpu}, {bench.Machine.Cores} cores, {bench.Machine.Os}"), ("device", bench.Device), ("tool", bench.Tool), .. bench.Settings.Select(pair => (pair.Key, pair.Value))]);
}
