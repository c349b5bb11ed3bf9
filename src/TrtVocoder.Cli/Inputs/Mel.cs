using System.Globalization;
using TrtVocoder.Cli.Running;
using TrtVocoder.Files;
using TrtVocoder.Internal;

namespace TrtVocoder.Cli.Inputs;

/// <summary>How a mel is taken out of a file.</summary>
/// <param name="IsTransposed">Whether the user says that it is [frames, bands].</param>
/// <param name="Key">The array's name; null: 'mel', or the only one.</param>
internal sealed record MelChoice(bool IsTransposed, string? Key);

/// <summary>A mel [bands, frames] of natural-log amplitudes, as a model takes it.</summary>
internal sealed record Mel(float[] Values, int Bands, int Frames)
{
    /// <summary>Reads a mel from an array file and checks it against the model.</summary>
    /// <param name="file">A .npy, .npz or .safetensors file.</param>
    /// <param name="bands">The model's mel bands.</param>
    /// <param name="choice">Which array, and which way round.</param>
    public static Mel Read(InputFile file, int bands, MelChoice choice)
    {
        bool isTransposed = choice.IsTransposed;
        FloatTensor tensor = ReadTensor(file, choice.Key);
        ReadOnlySpan<int> shape = tensor.Shape.AsSpan();
        if (shape.Length == 3 && shape[0] == 1)
            shape = shape[1..];
        if (shape.Length != 2)
            throw CliException.BadInput($"{file.Name} has the shape {tensor}; expected a mel [{bands} bands, frames] or [1, {bands} bands, frames].");
        Mel mel = isTransposed ? Transpose(tensor.Values, shape[1], shape[0]) : new Mel(tensor.Values.ToArray(), shape[0], shape[1]);
        mel.ThrowIfUnfit(file.Name, tensor, bands, isTransposed);
        return mel;
    }

    /// <summary>The only array of a file, the one called "mel", or the one that the user named.</summary>
    public static FloatTensor ReadTensor(InputFile file, string? key)
    {
        if (key is not null && file.Kind is not (InputKind.Npz or InputKind.Safetensors))
            throw CliException.Usage($"--key chooses among the arrays of an .npz or .safetensors file, and {file.Name} is neither.");
        switch (file.Kind)
        {
            case InputKind.Npy:
                return NpyFile.Read(file.Open(), file.Name);
            case InputKind.Npz:
                IReadOnlyList<string> names = NpzFile.ReadNames(file.Open(), file.Name);
                // The reader tells best what a file without arrays is.
                return NpzFile.Read(file.Open(), file.Name, names.Count == 0 ? key : Choose(names, file.Name, key));
            case InputKind.Safetensors:
                IReadOnlyDictionary<string, FloatTensor> tensors = SafetensorsFile.Read(file.Bytes, file.Name).Tensors;
                return tensors[Choose([.. tensors.Keys.Order(StringComparer.Ordinal)], file.Name, key)];
            default:
                throw CliException.BadInput($"{file.Name} is neither a WAV file nor a mel (.npy, .npz or .safetensors){FileContent.Describe(file.Start, file.Name)}.");
        }
    }

    private static string Choose(IReadOnlyList<string> names, string file, string? key)
    {
        const string Usual = "mel";
        const int MaxListed = 10;
        if (names.Contains(key ?? Usual))
            return key ?? Usual;
        if (key is null && names.Count == 1)
            return names[0];
        if (names.Count == 0)
            throw CliException.BadInput($"{file} holds no tensors; expected a mel.");
        string held = string.Join(", ", names.Take(MaxListed).Select(PrintableText.Name)) + (names.Count > MaxListed ? ", …" : "");
        throw CliException.BadInput(key is null
            ? $"{file} holds {held}, and none is called '{Usual}'; --key NAME chooses one."
            : $"{file} holds no '{PrintableText.Name(key)}', but {held}.");
    }

    private void ThrowIfUnfit(string name, FloatTensor tensor, int bands, bool isTransposed)
    {
        if (Bands != bands && Frames == bands)
            throw CliException.BadInput(
                $"{name} has the shape {tensor}, which looks transposed: read as {Bands} bands × {Frames} frames, but the model takes {bands} bands; {(isTransposed ? "leave --transposed out" : "give --transposed to read it as frames × bands")}.");
        if (Bands != bands)
            throw CliException.BadInput($"{name} has the shape {tensor}, read as {Bands} mel bands × {Frames} frames, but the model takes {bands} bands.");
        if (Frames == 0)
            throw CliException.BadInput($"{name} is empty: its mel has 0 frames.");
        int bad = NonFinite.IndexOf(Values);
        if (bad >= 0)
            throw CliException.BadInput($"{name} holds {Values[bad].ToString(CultureInfo.InvariantCulture)} at band {bad / Frames}, frame {bad % Frames}; a mel must be finite.");
    }

    private static Mel Transpose(ReadOnlySpan<float> values, int bands, int frames)
    {
        float[] transposed = new float[values.Length];
        for (int frame = 0; frame < frames; frame++)
            for (int band = 0; band < bands; band++)
                transposed[(band * frames) + frame] = values[(frame * bands) + band];
        return new Mel(transposed, bands, frames);
    }
}
