using System.Text.Json;
using System.Text.Json.Serialization;
using TrtVocoder.Cli.Reporting;
using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli.Commands;

/// <summary>What <c>doctor</c> found.</summary>
/// <param name="Checks">Line by line.</param>
internal sealed record DoctorResult([property: JsonPropertyOrder(1)] IReadOnlyList<DoctorCheck> Checks) : CommandResult
{
    public bool CpuWorks => Checks.All(check => check.IsFound || !check.IsRequired);

    public bool EnginesWork => Found("GPU") && Found("TensorRT") && Found("shim");

    /// <summary>Who can probably build engines: TensorRT needs a GPU and its resource library, TensorRT-RTX neither.</summary>
    public IReadOnlyList<string> Builders =>
    [
        .. Checks.Where(check => check.IsFound && check.Name.EndsWith(GpuChecks.BuilderSuffix, StringComparison.Ordinal)
            && Found("GPU")).Select(check => check.Name[..^GpuChecks.BuilderSuffix.Length]),
        .. Checks.Where(check => check is { IsFound: true, Name: "TensorRT-RTX ONNX parser" }).Select(_ => "TensorRT-RTX"),
    ];

    [JsonIgnore]
    public override int ExitCode => CpuWorks ? Running.ExitCode.Success : Running.ExitCode.MissingLibrary;

    public override IEnumerable<string> ToLines()
    {
        int width = Checks.Max(check => check.Name.Length);
        return
        [
            .. Checks.Select(check => $"{check.Mark}  {check.Name.PadRight(width)}  {check.Text}"),
            CpuWorks ? "Decoding on the CPU works." : "Decoding on the CPU does not work yet; see 'missing' above.",
            EnginesWork ? "Engines can be run." : "Engines cannot be run here; see 'optional' above.",
            Builders.Count > 0 ? $"Engines can probably be built by {string.Join(" and ", Builders)}." :
                "Engines can probably not be built here; see 'optional' above.",
        ];
    }

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.DoctorResult);

    private bool Found(string kind) => Checks.Any(check => check.IsFound && check.Name.StartsWith(kind, StringComparison.Ordinal));
}
