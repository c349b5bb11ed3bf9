using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Hosting;

/// <summary>Adds a vocoder to a host's services. Not safe for use by many threads, as service collections are not.</summary>
public static class TrtVocoderServiceCollectionExtensions
{
    /// <summary>The name of the health check.</summary>
    private const string HealthCheckName = "trtvocoder";

    /// <summary>
    /// Adds a <see cref="Vocoder"/> and a <see cref="VocoderPool"/> as singletons, warmed when the host starts and drained when it stops, and the
    /// health check <c>trtvocoder</c>.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configuration">The section that holds <see cref="TrtVocoderOptions"/>, such as <c>GetSection("TrtVocoder")</c>.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddTrtVocoder(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<TrtVocoderOptions>().Bind(configuration);
        return AddServices(services);
    }

    /// <summary>As the other, with options set by code.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddTrtVocoder(this IServiceCollection services, Action<TrtVocoderOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<TrtVocoderOptions>().Configure(configure);
        return AddServices(services);
    }

    private static IServiceCollection AddServices(IServiceCollection services)
    {
        services.TryAddSingleton(provider => Load(provider.GetRequiredService<IOptions<TrtVocoderOptions>>().Value));
        services.TryAddSingleton(provider => MakePool(
            provider.GetRequiredService<Vocoder>(), provider.GetRequiredService<IOptions<TrtVocoderOptions>>().Value));
        services.AddHostedService<VocoderService>();
        services.AddHealthChecks().AddCheck<VocoderHealthCheck>(HealthCheckName);
        return services;
    }

    private static Vocoder Load(TrtVocoderOptions options) => Vocoder.Load(
        string.IsNullOrEmpty(options.Model)
            ? throw new OptionsValidationException(
                nameof(TrtVocoderOptions), typeof(TrtVocoderOptions), ["TrtVocoder: the configuration names no Model, an .onnx or an engine."])
            : options.Model,
        new VocoderOptions { Threads = options.Threads, MaxWindowFrames = options.MaxWindowFrames });

    private static VocoderPool MakePool(Vocoder vocoder, TrtVocoderOptions options) => new(vocoder, new VocoderPoolOptions
    {
        Sessions = options.Sessions,
        MaxWaiting = options.MaxWaiting,
        RentTimeout = options.RentTimeout,
    });
}
