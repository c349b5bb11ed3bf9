using Microsoft.Extensions.Diagnostics.HealthChecks;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Hosting;

/// <summary>
/// Decodes a little silence: unhealthy where that fails, as after the loss of the GPU's context, which only a new process mends; degraded where all
/// sessions stay busy for too long.
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
