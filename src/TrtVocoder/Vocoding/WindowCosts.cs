namespace TrtVocoder.Vocoding;

/// <summary>
/// Chooses windows by their cost: a covering knapsack. Windows of lengths w cover T frames when Σ stride(w) ≥ T − lost, and none may be
/// longer than the input. Solved once for every remainder by dynamic programming, so that a choice only reads tables.
/// </summary>
internal sealed class WindowCosts
{
    // On an H100 a full-size FP16 engine took 0.208 ms for 64 frames and 0.341 ms for 512: as much as 640 frames whatever the length, and
    // then one a frame.
    private const double FixedFrames = 640;

    private readonly int[] _frames;
    private readonly int[] _strides;
    private readonly int _lost;

    // _choices[n][r]: which of the n + 1 shortest windows to take first when r frames are to be covered.
    private readonly byte[][] _choices;
    private readonly int _bestRate;

    /// <summary>Solves for measured costs.</summary>
    /// <param name="frames">Lengths, ascending.</param>
    /// <param name="costs">Of each, in any unit.</param>
    /// <param name="edges">The part of a window's result that is right.</param>
    public WindowCosts(int[] frames, ReadOnlySpan<double> costs, WindowMargins edges)
    {
        _frames = frames;
        _lost = edges.LostFrames;
        _strides = [.. frames.Select(edges.GetStride)];
        _choices = new byte[frames.Length][];
        for (int n = 0; n < frames.Length; n++)
        {
            _choices[n] = Solve(n + 1, costs);
            if (costs[n] / _strides[n] < costs[_bestRate] / _strides[_bestRate])
                _bestRate = n;
        }
    }

    // Two of the longest: beyond that the window of the best rate fills up.
    private int TableLength => (2 * _strides[^1]) + 1;

    /// <summary>Solves for a fixed cost a window and one a frame.</summary>
    public static WindowCosts Linear(int[] frames, WindowMargins edges) => new(frames, Share(frames, batch: 1), edges);

    /// <summary>What a window of each length costs as one of a full batch, in frames: the fixed cost is shared.</summary>
    public static double[] Share(IReadOnlyList<int> frames, int batch) => [.. frames.Select(length => (FixedFrames / batch) + length)];

    /// <summary>How many windows of each length cover an input, at least as long as the shortest, at the least cost.</summary>
    public void Choose(int frames, Span<int> counts)
    {
        counts.Clear();
        int longest = _frames.Length - 1;
        while (_frames[longest] > frames)
            longest--;
        int left = frames - _lost;
        if (left >= TableLength)
        {
            int whole = (left - TableLength + _strides[_bestRate]) / _strides[_bestRate];
            counts[_bestRate] = whole;
            left -= whole * _strides[_bestRate];
        }
        byte[] choices = _choices[longest];
        while (left > 0)
        {
            int window = choices[left];
            counts[window]++;
            left -= _strides[window];
        }
    }

    private byte[] Solve(int windows, ReadOnlySpan<double> costs)
    {
        byte[] choices = new byte[TableLength];
        double[] least = new double[TableLength];
        for (int left = 1; left < choices.Length; left++)
        {
            least[left] = double.PositiveInfinity;
            for (int window = 0; window < windows; window++)
            {
                double cost = costs[window] + least[Math.Max(0, left - _strides[window])];
                if (cost >= least[left])
                    continue;
                least[left] = cost;
                choices[left] = (byte)window;
            }
        }
        return choices;
    }
}
