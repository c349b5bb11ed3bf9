using Microsoft.AspNetCore.Diagnostics;
using TrtVocoder;

namespace WebService;

/// <summary>Turns what went wrong before the first byte into problem+json: a status that tells whose turn it is, a sentence.</summary>
internal sealed partial class FailureAnswers(IProblemDetailsService problems, ILogger<FailureAnswers> logger) : IExceptionHandler
{
    private const string RetryAfterSeconds = "1";

    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        (int status, string sentence) = exception switch
        {
            BadHttpRequestException refused => (refused.StatusCode, refused.Message),
            TrtVocoderException { Kind: FailureKind.PoolBusy } busy => (StatusCodes.Status503ServiceUnavailable, busy.Message),
            ObjectDisposedException => (StatusCodes.Status503ServiceUnavailable, "The service is ending."),
            TrtVocoderException failure => (StatusCodes.Status500InternalServerError, failure.Message),
            _ => (StatusCodes.Status500InternalServerError, "The service failed; its log says more."),
        };
        if (status == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
        if (status == StatusCodes.Status500InternalServerError)
            LogFailure(exception, context.Request.Method, context.Request.Path);
        context.Response.StatusCode = status;
        return await problems.TryWriteAsync(
            new ProblemDetailsContext { HttpContext = context, ProblemDetails = { Status = status, Detail = sentence } });
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed.")]
    private partial void LogFailure(Exception exception, string method, string path);
}
