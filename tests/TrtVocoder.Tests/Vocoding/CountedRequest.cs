using TrtVocoder.Vocoding;

namespace TrtVocoder.Tests.Vocoding;

/// <summary>A request that counts how often it ends, and checks that its parts come in order and one at a time.</summary>
internal sealed class CountedRequest : ScheduledRequest
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly float[] _got;
    private int _inside;
    private int _next;

    public CountedRequest(float[] mel, int frames, int samples)
        : base(mel, frames)
    {
        Audio = new float[samples];
        _got = new float[samples];
    }

    /// <summary>How often the end was told.</summary>
    public int Ends { get; private set; }

    /// <summary>How the request ended.</summary>
    public Exception? Ending { get; private set; }

    /// <summary>What went wrong with the order of calls, if something did.</summary>
    public string Disorder { get; private set; } = "";

    /// <summary>How often the begin of its first run was told.</summary>
    public int Begins { get; private set; }

    /// <summary>Parts before the end.</summary>
    public int Parts { get; private set; }

    /// <summary>Called for each part but the last.</summary>
    public Action? OnPart { get; init; }

    /// <summary>Called at the end.</summary>
    public Action? OnEnd { get; init; }

    /// <summary>The samples given out, as many as were.</summary>
    public ReadOnlySpan<float> Samples => _got.AsSpan(0, _next);

    /// <summary>Waits for the end.</summary>
    public CountedRequest Await()
    {
        Assert.That(_ended.Task.Wait(TimeSpan.FromSeconds(60)), $"the request {Ticket} never ended");
        return this;
    }

    public override void Begin()
    {
        if (Parts + Ends > 0)
            Disorder += "it began after it had samples; ";
        Begins++;
    }

    public override void TakePart(ReadOnlySpan<float> samples, int first)
    {
        Take(samples, first);
        Parts++;
        OnPart?.Invoke();
        Interlocked.Decrement(ref _inside);
    }

    public override void End(ReadOnlySpan<float> rest, int first, Exception? failure)
    {
        Take(rest, first);
        OnEnd?.Invoke();
        Interlocked.Decrement(ref _inside);
        (Ends, Ending) = (Ends + 1, failure);
        if (failure is null && _next != _got.Length)
            Disorder += $"it ended after {_next} of {_got.Length} samples; ";
        _ended.SetResult();
    }

    private void Take(ReadOnlySpan<float> samples, int first)
    {
        if (Interlocked.Increment(ref _inside) != 1)
            Disorder += "two calls at a time; ";
        if (Ends > 0)
            Disorder += "a call after the end; ";
        if (first != _next)
            Disorder += $"sample {first} came after {_next}; ";
        samples.CopyTo(_got.AsSpan(first));
        _next = first + samples.Length;
    }
}
