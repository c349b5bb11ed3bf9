using TrtVocoder.TensorRt;

namespace TrtVocoder.Cli.Reporting;

/// <summary>
/// Turns a build's phases into one bar: the outermost phase is the whole, the phase within it a step's part. A build reports far more
/// often than anybody can read, so most reports are dropped. Called from any thread.
/// </summary>
internal sealed class BuildProgress(Action<double, string> report) : IProgress<TrtBuildProgress>
{
    private const long IntervalMs = 100;

    private readonly Lock _gate = new();
    private TrtBuildProgress? _outermost;
    private double _done;
    private long _next;

    public void Report(TrtBuildProgress value)
    {
        lock (_gate)
        {
            if (value.Parent is null)
                _outermost = value;
            if (_outermost is null)
                return;
            double part = value.Parent == _outermost.Phase && value.StepCount > 0 ? (double)value.Step / value.StepCount : 0;
            // TensorRT revisits phases; a bar that went back would say less, not more.
            _done = Math.Max(_done, Math.Min(1, (_outermost.Step + part) / Math.Max(1, _outermost.StepCount)));
            long now = Environment.TickCount64;
            if (now < _next)
                return;
            _next = now + IntervalMs;
            report(_done, value.Phase);
        }
    }
}
