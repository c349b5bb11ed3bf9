namespace TrtVocoder.FleetSimulation;

/// <summary>Quantiles of weighted times, from counts in steps of 1 %, so that a day takes as much memory as a second.</summary>
internal sealed class AnswerTimes
{
    private const double LeastMs = 0.001;
    private const double Step = 1.01;

    private readonly double[] _weights = new double[2400];

    /// <summary>All weights together.</summary>
    public double Weight { get; private set; }

    /// <summary>Adds a time.</summary>
    public void Add(double milliseconds, double weight = 1)
    {
        double step = Math.Log(Math.Max(milliseconds, LeastMs) / LeastMs) / Math.Log(Step);
        _weights[Math.Min((int)step, _weights.Length - 1)] += weight;
        Weight += weight;
    }

    /// <summary>The time in milliseconds that a share of them does not exceed, to within 1 %; NaN where there are none.</summary>
    public double GetQuantile(double share)
    {
        double left = share * Weight;
        for (int i = 0; i < _weights.Length; i++)
        {
            left -= _weights[i];
            if (left <= 0 && _weights[i] > 0)
                return LeastMs * Math.Pow(Step, i + 0.5);
        }
        return double.NaN;
    }
}
