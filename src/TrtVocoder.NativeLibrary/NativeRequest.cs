using System.Buffers;
using TrtVocoder.Vocoding;

namespace TrtVocoder.NativeLibrary;

/// <summary>What a callback comes for besides a request's end.</summary>
[Flags]
internal enum RequestCalls
{
    /// <summary>Its samples, as they are ready.</summary>
    Parts = 1,

    /// <summary>The start of its first run.</summary>
    Start = 2,
}

/// <summary>A request of C's, whose samples and end a <c>trtvocoder_request_callback</c> is told of.</summary>
internal sealed unsafe class NativeRequest : ScheduledRequest
{
    private readonly float[] _mel;
    private readonly float[] _audio;
    private readonly RequestCalls _calls;
    private readonly delegate* unmanaged[Cdecl]<void*, int, byte*, float*, int, int, int, void> _callback;
    private readonly void* _user;

    private NativeRequest(
        float[] mel, int values, int frames, int samples, RequestCalls calls,
        delegate* unmanaged[Cdecl]<void*, int, byte*, float*, int, int, int, void> callback, void* user)
        : base(mel.AsMemory(0, values), frames)
    {
        _mel = mel;
        _audio = ArrayPool<float>.Shared.Rent(samples);
        Audio = _audio.AsMemory(0, samples);
        _calls = calls;
        _callback = callback;
        _user = user;
    }

    /// <summary>Copies the mel.</summary>
    public static NativeRequest Create(
        ReadOnlySpan<float> mel, int frames, int samples, RequestCalls calls,
        delegate* unmanaged[Cdecl]<void*, int, byte*, float*, int, int, int, void> callback, void* user)
    {
        float[] copy = ArrayPool<float>.Shared.Rent(mel.Length);
        mel.CopyTo(copy);
        return new NativeRequest(copy, mel.Length, frames, samples, calls, callback, user);
    }

    /// <inheritdoc/>
    public override void Begin()
    {
        if (_calls.HasFlag(RequestCalls.Start))
            Send(NativeStatus.Ok, "", [], 0, isLast: false);
    }

    /// <inheritdoc/>
    public override void TakePart(ReadOnlySpan<float> samples, int first)
    {
        if (_calls.HasFlag(RequestCalls.Parts))
            Send(NativeStatus.Ok, "", samples, first, isLast: false);
    }

    /// <inheritdoc/>
    public override void End(ReadOnlySpan<float> rest, int first, Exception? failure)
    {
        if (failure is not null)
            Send(failure.ToStatus(), LastError.Describe(failure), [], first, isLast: true);
        else if (_calls.HasFlag(RequestCalls.Parts))
            Send(NativeStatus.Ok, "", rest, first, isLast: true);
        else
            Send(NativeStatus.Ok, "", Audio.Span, 0, isLast: true);
        Release();
    }

    /// <summary>Gives its memory back; of a request that was not accepted too.</summary>
    public void Release()
    {
        ArrayPool<float>.Shared.Return(_mel);
        ArrayPool<float>.Shared.Return(_audio);
    }

    private void Send(NativeStatus status, string message, ReadOnlySpan<float> samples, int first, bool isLast)
    {
        fixed (float* values = samples)
            _callback(
                _user, (int)status, message.Length == 0 ? NativeText.Empty : new NativeText(message).Pointer, values, first, samples.Length,
                isLast ? 1 : 0);
    }
}
