namespace TrtVocoder.Decoding;

/// <summary>The frames before and after an output frame that it depends on.</summary>
internal readonly record struct ReceptiveField(int Left, int Right)
{
    /// <summary>The longer side.</summary>
    public int Longest => Math.Max(Left, Right);

    /// <summary>For messages: <c>27 frames to each side</c>.</summary>
    public override string ToString() => Left == Right ? $"{Left} frames to each side" : $"{Left} frames before and {Right} after";
}
