using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using TrtVocoder.Cli.Comparing;
using TrtVocoder.Cli.Running;

namespace TrtVocoder.Cli.Commands;

/// <summary>How long a model that was compared took to decode.</summary>
internal sealed record DecodedModel(string Path, int Frames, double DecodeSeconds);

/// <summary>How far two sounds are from each other.</summary>
internal sealed record CompareResult(string A, string B, int SampleRate, int Samples, float MelFloor,
    [property: JsonIgnore] SoundComparison Comparison) : CommandResult
{
    [JsonConverter(typeof(FiniteNumberConverter))]
    public double Mse => Comparison.MeanSquaredError;

    [JsonConverter(typeof(FiniteNumberConverter))]
    public double SnrDb => Comparison.SignalToNoiseDb;

    [JsonConverter(typeof(FiniteNumberConverter))]
    public double MaxAbsoluteError => Comparison.MaxAbsoluteError;

    [JsonConverter(typeof(FiniteNumberConverter))]
    public double LogMelL1 => Comparison.LogMelL1;

    [JsonConverter(typeof(FiniteNumberConverter))]
    public double MultiResolutionStft => Comparison.MultiResolutionStft;

    [JsonConverter(typeof(FiniteNumberConverter))]
    public double SpectralConvergence => Comparison.SpectralConvergence;

    [JsonConverter(typeof(FiniteNumberConverter))]
    public double LogMagnitudeL1 => Comparison.LogMagnitudeL1;

    /// <summary>The picture, where one was drawn.</summary>
    public string? Plot { get; init; }

    /// <summary>The models, where the sounds come from two.</summary>
    [JsonIgnore]
    public IReadOnlyList<DecodedModel> Models { get; init; } = [];

    public override IEnumerable<string> ToLines()
    {
        foreach (DecodedModel model in Models)
            yield return Text($"{model.Path}: {model.Frames} frames decoded in {1000 * model.DecodeSeconds:0.0} ms");
        yield return Text($"compared                 {(double)Samples / SampleRate:0.00} s at {SampleRate} Hz");
        yield return Text($"mean squared error       {Mse:0.000e+00}");
        yield return Text($"signal to noise          {SnrDb:0.00} dB");
        yield return Text($"largest difference       {MaxAbsoluteError:0.000e+00}");
        yield return Text($"log-mel L1               {LogMelL1:0.0000}");
        yield return Text(
            $"multi-resolution STFT    {MultiResolutionStft:0.0000} (convergence {SpectralConvergence:0.0000}, log magnitude {LogMagnitudeL1:0.0000})");
        if (Plot is not null)
            yield return $"picture                  {Plot}";
    }

    public override void WriteJson(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, ResultJson.Default.CompareResult);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
