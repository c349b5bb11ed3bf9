using System.Globalization;
using TrtVocoder.Files;

namespace TrtVocoder.Cli.Inputs;

/// <summary>A mel [bands, frames] of natural-log amplitudes, as a model takes it.</summary>
internal sealed record Mel(float[] Values, int Bands, int Frames)
{
    /// <summary>Reads a mel from an array file and checks it against the model.</summary>
    /// <param name="file">A .npy, .npz or .safetensors file.</param>
    /// <param name="bands">The model's mel bands.</param>
    /// <param name="isTransposed">Whether the user says that it is [frames, bands].</param>
    public static Mel Read(InputFile file, int bands, bool isTransposed)
    {
        FloatTensor tensor = ReadTensor(file);
        ReadOnlySpan<int> shape = tensor.Shape.AsSpan();
        if (shape.Length == 3 && shape[0] == 1)
            shape = shape[1..];
        if (shape.Length != 2)
            throw CliException.BadInput($"{file.Name} has the shape {tensor}; expected a mel [{bands} bands, frames] or [1, {bands} bands, frames].");
        Mel mel = isTransposed ? Transpose(tensor.Values, shape[1], shape[0]) : new Mel(tensor.Values.ToArray(), shape[0], shape[1]);
        mel.ThrowIfUnfit(file.Name, tensor, bands, isTransposed);
        return mel;
    }

    /// <summary>The only array of a file, or the one called "mel".</summary>
    public static FloatTensor ReadTensor(InputFile file)
    {
        switch (file.Kind)
        {
            case InputKind.Npy:
                return NpyFile.Read(file.Open(), file.Name);
            case InputKind.Npz:
                return NpzFile.Read(file.Open(), file.Name);
            case InputKind.Safetensors:
                IReadOnlyDictionary<string, FloatTensor> tensors = SafetensorsFile.Read(file.Bytes, file.Name).Tensors;
                return tensors.TryGetValue("mel", out FloatTensor? mel) ? mel
                    : tensors.Count == 1 ? tensors.Values.First()
                    : throw CliException.BadInput($"{file.Name} holds {tensors.Count} tensors and none is called 'mel'; expected one, or one called 'mel'.");
            default:
                throw CliException.BadInput($"{file.Name} is neither a WAV file nor a mel (.npy, .npz or .safetensors).");
        }
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
        for (int i = 0; i < Values.Length; i++)
            if (!float.IsFinite(Values[i]))
                throw CliException.BadInput($"{name} holds {Values[i].ToString(CultureInfo.InvariantCulture)} at band {i / Frames}, frame {i % Frames}; a mel must be finite.");
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
