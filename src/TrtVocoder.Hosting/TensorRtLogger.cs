using Microsoft.Extensions.Logging;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Hosting;

/// <summary>
/// Hands TensorRT's log to a host's, until it is disposed: category <c>TrtVocoder.TensorRt</c>, and of it what the host's filters let through
/// when this is made, since TensorRT is slow where it is asked for everything.
/// </summary>
internal sealed partial class TensorRtLogger : IDisposable
{
    /// <summary>The category.</summary>
    public const string Category = "TrtVocoder.TensorRt";

    private readonly ILogger _logger;
    private readonly IDisposable? _listener;

    /// <summary>Begins to listen, unless nothing would be let through.</summary>
    public TensorRtLogger(ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger(Category);
        foreach (TrtLogSeverity severity in Enum.GetValues<TrtLogSeverity>().Reverse())
        {
            if (!_logger.IsEnabled(LevelOf(severity)))
                continue;
            _listener = TrtLog.Listen(Log, severity);
            return;
        }
    }

    /// <summary>Nothing is logged any more, and nothing holds the host's logger.</summary>
    public void Dispose() => _listener?.Dispose();

    /// <summary>The host's word for TensorRT's.</summary>
    public static LogLevel LevelOf(TrtLogSeverity severity) => severity switch
    {
        TrtLogSeverity.InternalError => LogLevel.Critical,
        TrtLogSeverity.Error => LogLevel.Error,
        TrtLogSeverity.Warning => LogLevel.Warning,
        TrtLogSeverity.Info => LogLevel.Information,
        _ => LogLevel.Trace,
    };

    private void Log(TrtLogMessage message)
    {
        LogLevel level = LevelOf(message.Severity);
        if (_logger.IsEnabled(level))
            LogMessage(level, message.Source, message.Text);
    }

    [LoggerMessage(EventId = 1, Message = "{Source}: {Text}")]
    private partial void LogMessage(LogLevel level, string source, string text);
}
