using System.Globalization;

namespace TrtVocoder.Vocoding;

/// <summary>
/// The window lengths used to cover inputs. Windows overlap by the receptive field, so the result is that of a whole decode. Where
/// every new length is costly (engines), a few lengths that are made ready once serve all inputs.
/// </summary>
public sealed class WindowPolicy : IEquatable<WindowPolicy>
{
    private WindowPolicy(bool isOff, IReadOnlyList<int> frames)
    {
        IsOff = isOff;
        Frames = frames;
    }

    /// <summary>
    /// Lengths of the library's choice where new lengths are costly and the receptive field is known; otherwise as <see cref="Off"/>.
    /// </summary>
    public static WindowPolicy Auto { get; } = new(false, []);

    /// <summary>Each input in its own length; only those longer than one run takes are covered by windows of the greatest length.</summary>
    public static WindowPolicy Off { get; } = new(true, []);

    /// <summary>Whether windows are turned off.</summary>
    public bool IsOff { get; }

    /// <summary>The lengths in frames, ascending; empty for <see cref="Auto"/> and <see cref="Off"/>.</summary>
    public IReadOnlyList<int> Frames { get; }

    /// <summary>Windows of these lengths.</summary>
    /// <param name="frames">At least one length of at least 1 frame, in any order.</param>
    /// <exception cref="ArgumentException">There is none, or one is below 1.</exception>
    public static WindowPolicy Of(params IEnumerable<int> frames)
    {
        int[] lengths = [.. frames.Distinct().Order()];
        if (lengths.Length == 0 || lengths[0] < 1)
            throw new ArgumentException("Windows have at least 1 frame, and there is at least one length.", nameof(frames));
        return new WindowPolicy(false, lengths);
    }

    /// <summary>Reads what <see cref="ToString"/> writes: <c>auto</c>, <c>off</c>, or lengths like <c>64,128,256</c>.</summary>
    /// <exception cref="FormatException">The text is none of these.</exception>
    public static WindowPolicy Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "auto")
            return Auto;
        if (text == "off")
            return Off;
        List<int> lengths = [];
        foreach (string part in text.Split(','))
            lengths.Add(int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length > 0
                ? length
                : throw new FormatException($"'{text}' are no windows; expected auto, off, or lengths in frames like 64,128,256."));
        return Of(lengths);
    }

    /// <inheritdoc/>
    public bool Equals(WindowPolicy? other) => other is not null && IsOff == other.IsOff && Frames.SequenceEqual(other.Frames);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as WindowPolicy);

    /// <inheritdoc/>
    public override int GetHashCode() => Frames.Aggregate(HashCode.Combine(IsOff), HashCode.Combine);

    /// <summary><c>auto</c>, <c>off</c>, or the lengths.</summary>
    public override string ToString() => IsOff ? "off" : Frames.Count == 0 ? "auto" : string.Join(',', Frames);
}
