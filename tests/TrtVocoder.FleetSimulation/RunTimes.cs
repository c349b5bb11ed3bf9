namespace TrtVocoder.FleetSimulation;

/// <summary>
/// How long a run of the network takes by what is in it: straight lines between measured points, flat before the first, and on along the
/// last line after it.
/// </summary>
internal sealed class RunTimes
{
    private readonly (int Frames, double Milliseconds)[] _points;

    /// <param name="points">Frames of all items of a run together, ascending, and how long it takes.</param>
    public RunTimes(params (int Frames, double Milliseconds)[] points)
    {
        if (points.Length == 0 || points.Any(point => point.Milliseconds <= 0)
            || points.Zip(points.Skip(1)).Any(pair => pair.First.Frames >= pair.Second.Frames))
            throw new ArgumentException("Run times are positive, at ascending numbers of frames.", nameof(points));
        _points = points;
    }

    /// <summary>
    /// The batch engine, mel to samples in the caller's memory, one run at a time: 1, 4 and 16 mels of 256 frames on an H200
    /// (docs/benchmarks.md, "A busy host, and batches").
    /// </summary>
    public static RunTimes H200 { get; } = new((256, 0.1823), (1024, 0.3334), (4096, 0.8733));

    /// <summary>The same, so many times as long.</summary>
    public RunTimes Times(double factor) => new([.. _points.Select(point => (point.Frames, point.Milliseconds * factor))]);

    /// <summary>Milliseconds of a run.</summary>
    /// <param name="items">Items, those included that only fill a shape.</param>
    /// <param name="frames">Frames of each.</param>
    public double GetMilliseconds(int items, int frames)
    {
        int all = items * frames;
        if (all <= _points[0].Frames || _points.Length == 1)
            return _points[0].Milliseconds;
        int right = 1;
        while (right < _points.Length - 1 && _points[right].Frames < all)
            right++;
        ((int fromFrames, double from), (int toFrames, double to)) = (_points[right - 1], _points[right]);
        return from + ((to - from) * (all - fromFrames) / (toFrames - fromFrames));
    }
}
