using TrtVocoder.Dsp;

namespace TrtVocoder.Decoding;

/// <summary>Which of a network's outputs are read, and what they are: by names told, by names, and by their values on a probe.</summary>
/// <param name="Form">What the planes of the spectrum are; null where the network puts out samples.</param>
/// <param name="Tensors">The planes in the form's order, or the samples alone.</param>
internal sealed record NetworkOutputs(SpectrumForm? Form, IReadOnlyList<TensorShape> Tensors)
{
    /// <summary>Finds the outputs.</summary>
    /// <param name="source">The file's name for messages.</param>
    /// <param name="outputs">All outputs, in the file's order.</param>
    /// <param name="metadata">The model's own metadata, or null.</param>
    /// <param name="hints">What the caller knows.</param>
    /// <param name="values">An output's values on a probe; null where the network cannot be run.</param>
    /// <param name="notes">Where it is said what was guessed.</param>
    /// <exception cref="DataFormatException">They are no vocoder's, or which is which cannot be told.</exception>
    public static NetworkOutputs Find(
        string source, IReadOnlyList<TensorShape> outputs, VocoderMetadata? metadata, ModelHints hints, Func<string, float[]>? values,
        List<string> notes)
    {
        if (hints.AudioOutput is not null)
            return Samples(Named(hints.AudioOutput));
        if (hints.RealOutput is not null || hints.ImagOutput is not null)
        {
            if (hints.RealOutput is null || hints.ImagOutput is null)
                throw new ArgumentException(
                    $"{nameof(ModelHints.RealOutput)} and {nameof(ModelHints.ImagOutput)} go together.", nameof(hints));
            return Planes(SpectrumForm.RealImaginary, Named(hints.RealOutput), Named(hints.ImagOutput));
        }

        TensorShape[] readable = [.. outputs.Where(output => !output.IsInteger && OutputNames.RoleOf(output.Name) != OutputRole.Lengths)];
        OutputKind? signal = metadata?.Signal;
        if (signal != OutputKind.Spectrum && FindSamples() is { } samples)
            return Samples(samples);
        if (signal != OutputKind.Waveform && FindNamedPlanes() is { } named)
            return named;
        if (signal != OutputKind.Waveform && readable.Length == 3 && readable.All(output => Agree(readable[0], output)))
            return FindThree();
        if (signal != OutputKind.Waveform && readable.Length == 2)
            return FindTwo();
        throw signal is not null
            ? new DataFormatException($"{source}: its metadata say that it puts out "
                + $"{(signal == OutputKind.Spectrum ? "a spectrum" : "samples")}, but its outputs are {ModelSignature.List(outputs)}; "
                + $"export the model again.")
            : new DataFormatException($"{source}: none of its outputs {ModelSignature.List(outputs)} is a spectrum or samples by name.")
            {
                Kind = FailureKind.OutputsUnknown,
            };

        TensorShape Named(string name) => outputs.FirstOrDefault(output => output.Name == name)
            ?? throw new DataFormatException($"{source}: it has no output '{name}'; its outputs are {ModelSignature.List(outputs)}.");

        TensorShape? Role(OutputRole role) =>
            readable.Where(output => OutputNames.RoleOf(output.Name) == role).ToArray() is [var only] ? only : null;

        TensorShape? FindSamples()
        {
            TensorShape[] named = [.. readable.Where(output => OutputNames.RoleOf(output.Name) == OutputRole.Samples && IsSamples(output))];
            if (named.Length == 0)
                return readable.Length == 1 ? readable[0] : null;
            return named.FirstOrDefault(output => output.Name.Equals("audio", StringComparison.OrdinalIgnoreCase))
                ?? (named.Length == 1 ? named[0] : throw new DataFormatException(
                    $"{source}: it puts out several sounds, {ModelSignature.List(named)}; one must be chosen by its name.")
                {
                    Kind = FailureKind.OutputsUnknown,
                });
        }

        NetworkOutputs? FindNamedPlanes()
        {
            TensorShape? magnitude = Role(OutputRole.Magnitude);
            if (magnitude is not null && Role(OutputRole.Cosine) is { } cos && Role(OutputRole.Sine) is { } sin)
                return Check(magnitude, cos, sin);
            if (Role(OutputRole.Real) is { } real && Role(OutputRole.Imaginary) is { } imag)
                return Planes(SpectrumForm.RealImaginary, real, imag);
            if ((magnitude ?? Role(OutputRole.LogMagnitude)) is { } size && Role(OutputRole.Phase) is { } phase)
                return Planes(TellMagnitude(size), size, phase);
            // One name of a pair is enough: what else would stand beside a magnitude?
            if (readable.Length == 2 && (magnitude ?? Role(OutputRole.LogMagnitude)) is { } one)
                return Planes(TellMagnitude(one), one, Other(one));
            if (readable.Length == 2 && Role(OutputRole.Phase) is { } angle)
                return Planes(TellMagnitude(Other(angle)), Other(angle), angle);
            return null;
        }

        TensorShape Other(TensorShape one) => readable[0] == one ? readable[1] : readable[0];

        // Names may lie, and x, y may be other things than cosine and sine.
        NetworkOutputs Check(TensorShape magnitude, TensorShape cos, TensorShape sin)
        {
            if (values is null || PlaneValues.AreMagnitudeCosineSine(values(magnitude.Name), values(cos.Name), values(sin.Name)))
                return Planes(SpectrumForm.MagnitudeCosineSine, magnitude, cos, sin);
            if (PlaneValues.AreMagnitudeRealImaginary(values(magnitude.Name), values(cos.Name), values(sin.Name)))
                return Planes(SpectrumForm.RealImaginary, cos, sin);
            throw new DataFormatException(
                $"{source}: its outputs {magnitude}, {cos} and {sin} are magnitude, cosine and sine by their names, but not by their "
                    + $"values: on a small mel the magnitude is negative, or cos² + sin² is not 1.")
            { Kind = FailureKind.OutputsUnknown };
        }

        SpectrumForm TellMagnitude(TensorShape magnitude)
        {
            if (OutputNames.RoleOf(magnitude.Name) == OutputRole.LogMagnitude)
                return SpectrumForm.LogMagnitudePhase;
            if (values is null)
                return SpectrumForm.MagnitudePhase;
            if (PlaneValues.TellMagnitude(values(magnitude.Name)) is not { } form)
                throw new DataFormatException(
                    $"{source}: its outputs {ModelSignature.List(outputs)} are magnitude and phase, and whether '{magnitude.Name}' is "
                        + $"linear or a logarithm cannot be told by its values; export the model with magnitude·cos(phase) and "
                        + $"magnitude·sin(phase) as its outputs.");
            string why = form == SpectrumForm.MagnitudePhase
                ? "linear, since it is never negative"
                : "a natural logarithm, since it is negative in places";
            if (metadata is null)
                notes.Add($"{source}: its outputs {ModelSignature.List(outputs)} are magnitude and phase; '{magnitude.Name}' is taken for {why}.");
            return form;
        }

        NetworkOutputs FindThree()
        {
            foreach ((int magnitude, int cos, int sin) in ((int, int, int)[])[(0, 1, 2), (1, 0, 2), (2, 0, 1)])
            {
                (TensorShape mag, TensorShape x, TensorShape y) = (readable[magnitude], readable[cos], readable[sin]);
                if (values is not null && !PlaneValues.AreMagnitudeCosineSine(values(mag.Name), values(x.Name), values(y.Name)))
                    continue;
                if (metadata is null)
                    notes.Add($"{source}: its outputs do not tell by their names what they are; {mag} is taken for the magnitude, {x} for "
                        + $"the cosine and {y} for the sine of the phase"
                        + $"{(values is null ? "" : ", which their values on a small mel agree with")}.");
                return Planes(SpectrumForm.MagnitudeCosineSine, mag, x, y);
            }
            throw new DataFormatException(
                $"{source}: its outputs {ModelSignature.List(outputs)} are not magnitude, cosine and sine by their values on a "
                    + $"small mel, in any order.")
            { Kind = FailureKind.OutputsUnknown };
        }

        NetworkOutputs FindTwo()
        {
            (TensorShape first, TensorShape second) = (readable[0], readable[1]);
            if (metadata is null && values is not null && Agree(first, second))
            {
                // Real parts change their sign, a linear magnitude does not.
                bool isFirst = PlaneValues.TellMagnitude(values(first.Name)) == SpectrumForm.MagnitudePhase;
                bool isSecond = PlaneValues.TellMagnitude(values(second.Name)) == SpectrumForm.MagnitudePhase;
                if (isFirst != isSecond)
                {
                    (TensorShape magnitude, TensorShape phase) = isFirst ? (first, second) : (second, first);
                    notes.Add($"{source}: its outputs {ModelSignature.List(outputs)} do not tell by their names what they are; {magnitude} "
                        + $"is never negative and is taken for the magnitude, {phase} for the phase.");
                    return Planes(SpectrumForm.MagnitudePhase, magnitude, phase);
                }
            }
            if (metadata is null)
                notes.Add($"{source}: its outputs {ModelSignature.List(outputs)} do not tell by their names what they are; the first is taken "
                    + $"for the real parts, the second for the imaginary ones.");
            return Planes(SpectrumForm.RealImaginary, first, second);
        }

        NetworkOutputs Samples(TensorShape output) => IsSamples(output)
            ? new NetworkOutputs(null, [output])
            : throw new DataFormatException(
                $"{source}: its output {output} is not samples: [batch, samples], [batch, 1, samples] or [batch, samples, 1].");

        NetworkOutputs Planes(SpectrumForm form, params TensorShape[] planes) =>
            planes[0].Dimensions.Count == 3 && planes.Distinct().Count() == planes.Length && planes.All(plane => Agree(planes[0], plane))
                ? new NetworkOutputs(form, planes)
                : throw new DataFormatException(
                    $"{source}: its outputs {ModelSignature.List(planes)} are not the "
                        + $"{(form == SpectrumForm.RealImaginary ? "real and imaginary parts" : "planes")} of one spectrum [batch, bins, frames].")
                { Kind = FailureKind.OutputsUnknown };
    }

    private static bool IsSamples(TensorShape output) => output.Dimensions.Count switch
    {
        1 or 2 => true,
        3 => output.Dimensions[1] == 1 || output.Dimensions[2] == 1,
        _ => false,
    };

    private static bool Agree(TensorShape one, TensorShape other) =>
        one.Dimensions.Count == other.Dimensions.Count
        && one.Dimensions.Zip(other.Dimensions).All(pair => pair.First < 0 || pair.Second < 0 || pair.First == pair.Second);
}
