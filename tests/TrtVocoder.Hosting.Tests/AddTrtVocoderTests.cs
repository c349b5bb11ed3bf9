using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TrtVocoder.Export.Checkpoints;
using TrtVocoder.Export.Onnx;
using TrtVocoder.TestSupport;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Hosting.Tests;

public sealed class AddTrtVocoderTests
{
    private string _folder = "";

    private string Model => Path.Combine(_folder, "tiny.onnx");

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

    private static IHost MakeHost(Sink sink, params (string Key, string Value)[] settings)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"TrtVocoder:{setting.Key}", (string?)setting.Value)));
        builder.Logging.AddProvider(sink);
        builder.Services.AddTrtVocoder(builder.Configuration.GetSection("TrtVocoder"));
        return builder.Build();
    }

    private sealed class Sink : ILoggerProvider, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Lines)
                Lines.Add(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
