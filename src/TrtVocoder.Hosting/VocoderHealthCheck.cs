using Microsoft.Extensions.Diagnostics.HealthChecks;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Hosting;

/// <summary>
/// Unhealthy where the GPU's context is lost, which only a new process mends, at once and however busy the pool is; else decodes a little silence:
/// unhealthy where that fails, degraded where all sessions stay busy for too long.
/// </summary>
internal sealed class VocoderHealthCheck(VocoderPool pool) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        Vocoder vocoder = pool.Vocoder;
        int frames = Math.Max(vocoder.Info.MinFrames, Math.Min(8, vocoder.Info.MaxFrames));
        float[] silence = new float[vocoder.MelCount * frames];
        Array.Fill(silence, MathF.Log(vocoder.Metadata.MelFloor));
        Dictionary<string, object> data = new()
        {
            ["backend"] = vocoder.Info.Backend,
            ["rented"] = pool.RentedSessions,
            ["waiting"] = pool.WaitingCallers,
        };
        try
        {
            if (vocoder.IsContextLost)
                return new HealthCheckResult(
                    context.Registration.FailureStatus, "The GPU's context is lost, and nothing decodes any more; start the process anew.", data: data);
            await pool.DecodeAsync(silence, frames, cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy(vocoder.Info.Backend, data);
        }
        catch (TrtVocoderException busy) when (busy.Kind == FailureKind.PoolBusy)
        {
            return HealthCheckResult.Degraded(busy.Message, busy, data);
        }
        catch (Exception error) when (error is TrtVocoderException or ObjectDisposedException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, error.Message, error, data);
        }
    }
}
