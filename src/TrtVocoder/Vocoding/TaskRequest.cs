using System.Buffers;

namespace TrtVocoder.Vocoding;

/// <summary>A request whose end a task tells of.</summary>
internal sealed class TaskRequest : ScheduledRequest
{
    private readonly TaskCompletionSource<int> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<ReadOnlySpan<float>>? _onSamples;
    private readonly float[]? _rented;

    /// <summary>Writes the samples to the caller's memory.</summary>
    public TaskRequest(ReadOnlyMemory<float> mel, int frames, Memory<float> audio)
        : base(mel, frames) => Audio = audio;

    /// <summary>Gives the samples to a callback, part by part.</summary>
    public TaskRequest(ReadOnlyMemory<float> mel, int frames, int samples, Action<ReadOnlySpan<float>> onSamples)
        : base(mel, frames)
    {
        _rented = ArrayPool<float>.Shared.Rent(samples);
        Audio = _rented.AsMemory(0, samples);
        _onSamples = onSamples;
    }

    /// <summary>Ends with the number of samples.</summary>
    public Task<int> Task => _end.Task;

    /// <inheritdoc/>
    public override void TakePart(ReadOnlySpan<float> samples, int first) => _onSamples?.Invoke(samples);

    /// <inheritdoc/>
    public override void End(ReadOnlySpan<float> rest, int first, Exception? failure)
    {
        if (failure is null && !rest.IsEmpty)
        {
            try
            {
                TakePart(rest, first);
            }
#pragma warning disable CA1031 // Whoever waits for the task hears of it.
            catch (Exception error)
#pragma warning restore CA1031
            {
                failure = error;
            }
        }
        int samples = Audio.Length;
        Release();
        if (failure is null)
            _end.SetResult(samples);
        else
            _end.SetException(failure);
    }

    /// <summary>Gives memory back that was rented; of a request that was not accepted too.</summary>
    public void Release()
    {
        if (_rented is not null)
            ArrayPool<float>.Shared.Return(_rented);
    }
}
