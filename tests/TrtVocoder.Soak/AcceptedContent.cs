using System.Net;

namespace TrtVocoder.Soak;

/// <summary>
/// A body that is sent when the service asks for it (Expect: 100-continue), and tells so: from then on the request is the service's.
/// </summary>
internal sealed class AcceptedContent(byte[] body) : HttpContent
{
    private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the service has asked for the body.</summary>
    public Task Accepted => _accepted.Task;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        _accepted.TrySetResult();
        await stream.WriteAsync(body);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
