using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>A server that speaks KServe's protocol v2 over HTTP, as Triton does. Safe for use by many threads.</summary>
internal sealed class KServeClient : IDisposable
{
    /// <summary>Connections at once; further requests wait for one.</summary>
    public const int MaxConnections = 1024;

    // What a server says of itself and of one model, and the sentence of a refusal.
    private const long MaxFactsBytes = 1 << 20;

    private static readonly SocketError[] NoConnection =
    [
        SocketError.ConnectionRefused, SocketError.HostNotFound, SocketError.TryAgain, SocketError.HostUnreachable, SocketError.NetworkUnreachable,
    ];

    private readonly HttpClient _client;
    private readonly TimeSpan _timeout;

    /// <summary>Connects with the first request.</summary>
    /// <param name="address">http://HOST:PORT, or with a path that the protocol's lie below.</param>
    /// <param name="timeout">The longest wait for an answer.</param>
    public KServeClient(Uri address, TimeSpan timeout)
    {
        Name = address.AbsoluteUri.TrimEnd('/');
        // No proxy: what lies between would be measured too.
        SocketsHttpHandler handler = new() { UseProxy = false, AllowAutoRedirect = false, MaxConnectionsPerServer = MaxConnections };
        _client = new HttpClient(handler)
        {
            BaseAddress = new Uri(Name + "/"),
            // Its own would end with the headers of an answer.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _timeout = timeout;
    }

    /// <summary>The server for messages.</summary>
    public string Name { get; }

    /// <summary>What the server says of a model.</summary>
    /// <exception cref="ServerException">The server is not there, refuses, or is none of KServe's; with <see cref="ServerException.Status"/> 400 or
    /// 404 it has no such model.</exception>
    /// <exception cref="DataFormatException">The model is no vocoder.</exception>
    public async Task<ServedModel> ReadModelAsync(string model, CancellationToken cancellationToken)
    {
        // First the server itself: another program's "not found" would be taken for that of a model.
        try
        {
            ReadOnlyMemory<byte> server = await GetAsync("v2", cancellationToken).ConfigureAwait(false);
            ServerJson.Read(server, root => ServerJson.Text(root, "name"), $"{Name}/v2");
        }
        catch (ServerException error) when (error.Status != 0)
        {
            throw new ServerException(
                error.Category, $"{error.Message.TrimEnd('.')}; a server of KServe's protocol v2 tells of itself there.");
        }
        string source = $"{Name}'s model '{PrintableText.Name(model)}'";
        ReadOnlyMemory<byte> metadata = await GetAsync(PathOf(model), cancellationToken).ConfigureAwait(false);
        return ServedModel.Parse(metadata, source) with { Name = model };
    }

    /// <summary>What the server has counted of the model; null where it does not tell.</summary>
    public async Task<ServedStatistics?> ReadStatisticsAsync(string model, CancellationToken cancellationToken)
    {
        try
        {
            string path = $"{PathOf(model)}/stats";
            return ServedStatistics.Parse(await GetAsync(path, cancellationToken).ConfigureAwait(false), $"{Name}/{path}");
        }
        catch (ServerException)
        {
            return null;
        }
    }

    /// <summary>Asks for an inference.</summary>
    /// <param name="model">Who is asked.</param>
    /// <param name="content">The request's body.</param>
    /// <param name="maxBytes">The longest body that an answer may have.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The body of the answer, and the bytes of JSON that it begins with; null where the server does not say.</returns>
    /// <exception cref="ServerException">There is no answer, or a refusal.</exception>
    public Task<(ReadOnlyMemory<byte> Body, long? HeaderLength)> InferAsync(
        string model, HttpContent content, long maxBytes, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"{PathOf(model)}/infer", content, maxBytes, cancellationToken);

    public void Dispose() => _client.Dispose();

    private static string PathOf(string model) => $"v2/models/{Uri.EscapeDataString(model)}";

    private async Task<ReadOnlyMemory<byte>> GetAsync(string path, CancellationToken cancellationToken) =>
        (await SendAsync(HttpMethod.Get, path, null, MaxFactsBytes, cancellationToken).ConfigureAwait(false)).Body;

    private async Task<(ReadOnlyMemory<byte> Body, long? HeaderLength)> SendAsync(
        HttpMethod method, string path, HttpContent? content, long maxBytes, CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = new(method, path) { Content = content };
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(_timeout);
        try
        {
            using HttpResponseMessage answer =
                await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ending.Token).ConfigureAwait(false);
            long limit = answer.StatusCode == HttpStatusCode.OK ? maxBytes : MaxFactsBytes;
            byte[] body = await ReadAsync(answer.Content, limit, path, ending.Token).ConfigureAwait(false);
            if (answer.StatusCode != HttpStatusCode.OK)
                throw Refused(path, answer.StatusCode, body);
            long? headerLength = answer.Headers.Concat(answer.Content.Headers)
                .FirstOrDefault(header => header.Key.Equals(ServedRequests.HeaderLength, StringComparison.OrdinalIgnoreCase)).Value is { } values
                && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out long length) ? length : null;
            return (body, headerLength);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServerException("timed out", string.Create(
                CultureInfo.InvariantCulture, $"{Name} did not answer within {_timeout.TotalSeconds} s (--timeout)."));
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unanswered(error);
        }
    }

    private async Task<byte[]> ReadAsync(HttpContent content, long maxBytes, string path, CancellationToken cancellationToken)
    {
        try
        {
            await content.LoadIntoBufferAsync(maxBytes, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw ServerException.Unreadable($"{Name}/{path} answered more than {maxBytes} bytes, the most that is expected there.");
        }
        return await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
    }

    private ServerException Refused(string path, HttpStatusCode code, byte[] body)
    {
        int status = (int)code;
        string reason = ServerJson.ReadError(body) is { } words ? $": {PrintableText.Clean(words, 300).TrimEnd('.')}" : "";
        return new ServerException($"HTTP {status}", $"{Name}/{path} answered {status}{reason}.") { Status = status };
    }

    private ServerException Unanswered(Exception error)
    {
        Exception cause = error.GetBaseException();
        return cause is SocketException refused && NoConnection.Contains(refused.SocketErrorCode)
            ? new ServerException("no connection", $"No server answers at {Name}: {refused.Message}.")
            : new ServerException("broken connection", $"{Name} gave no whole answer: {cause.Message.TrimEnd('.')}.");
    }
}
