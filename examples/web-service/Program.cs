using Microsoft.AspNetCore.Diagnostics;
using OpenTelemetry.Metrics;
using TrtVocoder.Hosting;
using TrtVocoder.Vocoding;
using WebService;

// web-service --TrtVocoder:Model vocos.onnx --urls http://127.0.0.1:5000: speech over HTTP, and a page that plays it while it arrives.
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
long maxRequestBytes = builder.Configuration.GetValue<long>("MaxRequestBytes");
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Limits.MaxRequestBodySize = maxRequestBytes;
});
builder.Services.AddTrtVocoder(builder.Configuration.GetSection("TrtVocoder"));
builder.Services.AddProblemDetails();
builder.Services.AddExceptionHandler<FailureAnswers>();
builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter("TrtVocoder").AddPrometheusExporter());

WebApplication app = builder.Build();
// What FailureAnswers knows is told to the client; the log gets what is ours to mend.
app.UseExceptionHandler(new ExceptionHandlerOptions
{
    SuppressDiagnosticsCallback = context => context.ExceptionHandledBy == ExceptionHandledType.ExceptionHandlerService,
});
app.UseStatusCodePages();
app.UseDefaultFiles();
app.UseStaticFiles();
app.MapPost("/speech", SpeechEndpoint.AnswerAsync);
app.MapGet("/model", (Vocoder vocoder) => new
{
    vocoder.Info.Backend,
    vocoder.SampleRate,
    vocoder.MelCount,
    vocoder.Metadata.HopLength,
    MaxRequestBytes = maxRequestBytes,
});
app.MapHealthChecks("/healthz");
app.MapPrometheusScrapingEndpoint("/metrics");
await app.RunAsync();
