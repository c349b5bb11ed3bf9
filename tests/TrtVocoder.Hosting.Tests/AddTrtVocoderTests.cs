using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TensorRt;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Hosting.Tests;

[NonParallelizable]
public sealed class AddTrtVocoderTests
{
    private string _folder = "";

    private string Model => Path.Combine(_folder, "tiny.onnx");

    private string Engine => Path.Combine(_folder, "tiny.engine");

    [OneTimeSetUp]
    public void Export()
    {
        _folder = Directory.CreateTempSubdirectory("trtv-hosting").FullName;
        OnnxExporter.Export(VocosCheckpoint.Load(TestPaths.Data("golden", "tiny-center")), Model);
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_host_has_a_warm_pool_by_its_configuration_and_drains_it()
    {
        Sink sink = new();
        using IHost host = MakeHost(sink, ("Model", Model), ("Sessions", "3"), ("Threads", "1"), ("RentTimeout", "00:00:05"));

        await host.StartAsync();

        VocoderPool pool = host.Services.GetRequiredService<VocoderPool>();
        Assert.That((pool.Options.Sessions, pool.Options.RentTimeout), Is.EqualTo((3, (TimeSpan?)TimeSpan.FromSeconds(5))));
        float[] audio = await pool.DecodeAsync(new float[pool.Vocoder.MelCount * 20], 20);
        Assert.That(audio, Has.Length.EqualTo(pool.Vocoder.GetSampleCount(20)));
        HealthReport report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.That(report.Entries["trtvocoder"].Status, Is.EqualTo(HealthStatus.Healthy));
        Assert.That(sink.Lines, Has.Some.Contains("is loaded by ONNX Runtime").And.Some.Contains("3 sessions"));

        await host.StopAsync();

        Assert.That(async () => await pool.RentAsync(), Throws.TypeOf<ObjectDisposedException>());
        report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.That(report.Entries["trtvocoder"].Status, Is.EqualTo(HealthStatus.Unhealthy));
    }

    [Test]
    public async Task A_busy_pool_is_degraded()
    {
        using IHost host = MakeHost(new Sink(), ("Model", Model), ("Sessions", "1"), ("RentTimeout", "00:00:00.05"), ("WarmUpAtStart", "false"));
        await host.StartAsync();
        VocoderPool pool = host.Services.GetRequiredService<VocoderPool>();
        using (await pool.RentAsync())
        {
            HealthReport report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

            Assert.That(report.Entries["trtvocoder"].Status, Is.EqualTo(HealthStatus.Degraded));
            Assert.That(report.Entries["trtvocoder"].Description, Does.Contain("no session was free within 0.05 s"));
        }
        await host.StopAsync();
    }

    [Test]
    public void A_host_without_a_model_or_with_a_wrong_option_does_not_start_and_says_why()
    {
        using IHost without = MakeHost(new Sink());
        using IHost wrong = MakeHost(new Sink(), ("Model", Model), ("Sessions", "0"));
        using IHost missing = MakeHost(new Sink(), ("Model", Path.Combine(_folder, "other.onnx")));

        Assert.That(() => without.StartAsync(), Throws.TypeOf<OptionsValidationException>().With.Message.Contains("names no Model"));
        Assert.That(() => wrong.StartAsync(), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("Sessions"));
        Assert.That(() => missing.StartAsync(), Throws.TypeOf<FileNotFoundException>());
    }

    [Test]
    public async Task TensorRTs_log_is_the_hosts_until_it_stops()
    {
        UseSimulator();
        Sink sink = new();
        using (IHost host = MakeHost(sink, ("Model", Engine), ("WarmUpAtStart", "false")))
        {
            await host.StartAsync();

            Assert.That(sink.OfTensorRt, Has.Some.StartsWith("Information trtvocoder: TensorRT 10.").And.Some.StartsWith("Information TensorRT: "));
            await host.StopAsync();
        }
        int logged = sink.OfTensorRt.Count;
        using (Vocoder.Load(Engine))
            Assert.That(sink.OfTensorRt, Has.Count.EqualTo(logged));
    }

    [Test]
    public void A_host_that_is_only_disposed_is_held_by_nothing()
    {
        UseSimulator();
        WeakReference forgotten = StartAndForget();
        for (int i = 0; i < 10 && forgotten.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(forgotten.IsAlive, Is.False);
    }

    // Not stopped, but disposed alone; and on a thread of its own, whose frames hold nothing afterwards.
    private WeakReference StartAndForget()
    {
        WeakReference? started = null;
        Thread thread = new(() =>
        {
            Sink sink = new();
            using IHost host = MakeHost(sink, ("Model", Engine), ("WarmUpAtStart", "false"));
            host.StartAsync().GetAwaiter().GetResult();
            if (sink.OfTensorRt.Count > 0)
                started = new WeakReference(sink);
        });
        thread.Start();
        thread.Join();
        return started ?? throw new AssertionException("nothing was logged");
    }

    [Test]
    public async Task TensorRTs_log_is_asked_for_what_the_hosts_filters_let_through()
    {
        UseSimulator();
        Sink sink = new() { Least = LogLevel.Warning };
        using IHost host = MakeHost(sink, ("Model", Engine), ("WarmUpAtStart", "false"));
        await host.StartAsync();

        Assert.That(sink.OfTensorRt, Is.Empty);
        Simulator.Fault("IExecutionContext::enqueueV3@1=null");
        Assert.That(
            async () => await host.Services.GetRequiredService<VocoderPool>().DecodeAsync(new float[100 * 20], 20), Throws.InstanceOf<TrtVocoderException>());
        Assert.That(sink.OfTensorRt, Has.Some.StartsWith("Error TensorRT: "));
        await host.StopAsync();
    }

    [TestCase(TrtLogSeverity.InternalError, LogLevel.Critical)]
    [TestCase(TrtLogSeverity.Error, LogLevel.Error)]
    [TestCase(TrtLogSeverity.Warning, LogLevel.Warning)]
    [TestCase(TrtLogSeverity.Info, LogLevel.Information)]
    [TestCase(TrtLogSeverity.Verbose, LogLevel.Trace)]
    public void A_severity_of_TensorRTs_is_a_level_of_the_hosts(object severity, LogLevel level) =>
        Assert.That(TensorRtLogger.LevelOf((TrtLogSeverity)severity), Is.EqualTo(level));

    [Test]
    public async Task A_lost_context_is_unhealthy_at_once_though_no_session_is_free()
    {
        UseSimulator();
        using IHost host = MakeHost(new Sink(), ("Model", Engine), ("Sessions", "1"), ("RentTimeout", "00:00:00.05"), ("WarmUpAtStart", "false"));
        await host.StartAsync();
        VocoderPool pool = host.Services.GetRequiredService<VocoderPool>();
        using (VocoderLease lease = await pool.RentAsync())
        {
            Assert.That(pool.Vocoder.IsContextLost, Is.False);
            Simulator.Fault("kernel@1=700");
            Assert.That(() => lease.Session.Decode(new float[100 * 20], 20, new float[pool.Vocoder.GetSampleCount(20)]),
                Throws.InstanceOf<TrtVocoderException>().With.Property("Kind").EqualTo(FailureKind.ContextLost));

            Assert.That(pool.Vocoder.IsContextLost);
            HealthReport report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            Assert.That(report.Entries["trtvocoder"].Status, Is.EqualTo(HealthStatus.Unhealthy));
            Assert.That(report.Entries["trtvocoder"].Description, Does.Contain("The GPU's context is lost").And.Contains("start the process anew"));
        }
        await host.StopAsync();
    }

    private void UseSimulator()
    {
        if (Simulator.Use() is { } reason)
            Needed.Missing(reason, Assert.Ignore);
        Simulator.Reset();
        if (!File.Exists(Engine))
            TrtBuilder.Build(Model, Engine, new TrtBuildOptions { Profile = new TrtOptimizationProfile(1, 1, 1, 1, 27, 64) });
    }

    private static IHost MakeHost(Sink sink, params (string Key, string Value)[] settings)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"TrtVocoder:{setting.Key}", (string?)setting.Value)));
        builder.Logging.AddProvider(sink);
        builder.Services.AddTrtVocoder(builder.Configuration.GetSection("TrtVocoder"));
        return builder.Build();
    }

    private sealed class Sink : ILoggerProvider
    {
        private readonly List<(string Category, string Line)> _lines = [];

        public LogLevel Least { get; init; }

        public List<string> Lines => Take(_ => true);

        public List<string> OfTensorRt => Take(category => category == TensorRtLogger.Category);

        public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

        public void Dispose()
        {
        }

        private List<string> Take(Func<string, bool> isWanted)
        {
            lock (_lines)
                return [.. _lines.Where(line => isWanted(line.Category)).Select(line => line.Line)];
        }

        private sealed class Logger(Sink sink, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => logLevel >= sink.Least;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                lock (sink._lines)
                    sink._lines.Add((category, $"{logLevel} {formatter(state, exception)}"));
            }
        }
    }
}
