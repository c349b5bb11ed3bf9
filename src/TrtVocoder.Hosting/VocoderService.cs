using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Hosting;

/// <summary>Makes the pool warm when the host starts, and drains it when the host stops; between the two TensorRT's log is the host's.</summary>
internal sealed partial class VocoderService(
    IServiceProvider services, IOptions<TrtVocoderOptions> options, ILogger<VocoderPool> logger, ILoggerFactory loggers) : IHostedService, IDisposable
{
    private TensorRtLogger? _log;
    private VocoderPool? _pool;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        _log ??= new TensorRtLogger(loggers);
        try
        {
            // A model that cannot be loaded ends the host's start with its sentence.
            await Task.Run(
                () =>
                {
                    _pool = services.GetRequiredService<VocoderPool>();
                    if (options.Value.WarmUpAtStart)
                        _pool.WarmUp(cancellationToken);
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Dispose();
            throw;
        }
        LogReady(
            options.Value.Model!, _pool!.Vocoder.Info.Backend, _pool.Options.Sessions, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        foreach (string note in _pool.Vocoder.Info.Notes)
            LogNote(options.Value.Model!, note);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_pool is null)
                return;
            LogDraining(_pool.RentedSessions);
            await _pool.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>For hosts that are disposed without having been stopped.</summary>
    public void Dispose()
    {
        _log?.Dispose();
        _log = null;
    }

    [LoggerMessage(1, LogLevel.Information, "{Model} is loaded by {Backend}, {Sessions} sessions, in {Milliseconds:f0} ms.")]
    private partial void LogReady(string model, string backend, int sessions, double milliseconds);

    [LoggerMessage(2, LogLevel.Warning, "{Model}: {Note}")]
    private partial void LogNote(string model, string note);

    [LoggerMessage(3, LogLevel.Information, "Waiting for {Decodes} decodes to end.")]
    private partial void LogDraining(int decodes);
}
