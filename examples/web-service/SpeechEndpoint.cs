using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using TrtVocoder.Files;
using TrtVocoder.Vocoding;

namespace WebService;

/// <summary>
/// POST /speech: a mel (.npy) or a recording (WAV) in, a WAV of unknown length out, part by part as it is decoded. What can be refused is
/// refused before the first byte; what fails later ends the connection, so that nobody takes half an answer for a whole one.
/// </summary>
internal static class SpeechEndpoint
{
    public static async Task AnswerAsync(HttpContext context, VocoderPool pool)
    {
        CancellationToken aborted = context.RequestAborted;
        Stopwatch clock = Stopwatch.StartNew();
        List<string> parts = [];

        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body, aborted);
        EndPart("upload");
        Mel mel = Mel.Of(body.GetBuffer().AsSpan(0, (int)body.Length), pool.Vocoder);
        EndPart("mel");
        VocoderLease lease = await pool.RentAsync(aborted);
        EndPart("wait");

        // Without bounds: what one body decodes to has its own, and a slow client must not keep a session from the others.
        Pipe speech = new(new PipeOptions(pauseWriterThreshold: 0));
        Task decode = Task.Run(() => Decode(lease, mel, speech.Writer, pool.Vocoder.SampleRate, aborted), CancellationToken.None);
        try
        {
            ReadResult first = await speech.Reader.ReadAsync(aborted);
            speech.Reader.AdvanceTo(first.Buffer.Start);
            EndPart("decode");
            context.Response.ContentType = "audio/wav";
            context.Response.Headers["Server-Timing"] = string.Join(", ", parts);
            await speech.Reader.CopyToAsync(context.Response.BodyWriter, aborted);
        }
        finally
        {
            await decode;
            await speech.Reader.CompleteAsync();
        }

        void EndPart(string name)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{name};dur={clock.Elapsed.TotalMilliseconds:f1}"));
            clock.Restart();
        }
    }

    /// <summary>Decodes into the pipe, gives the session back, and ends the pipe: by the error, where there was one.</summary>
    private static void Decode(VocoderLease lease, Mel mel, PipeWriter speech, int sampleRate, CancellationToken aborted)
    {
        Exception? failure = null;
        try
        {
            using (lease)
            {
                // Leaves with the first samples: until then an error can still be told.
                WavFile.WriteHeader(speech, 1, sampleRate, WavSampleFormat.Pcm16);
                lease.Session.Decode(mel.Values.Span, mel.Frames, Send, aborted);
            }
        }
        catch (Exception error)
        {
            failure = error;
        }
        speech.Complete(failure);

        void Send(ReadOnlySpan<float> samples)
        {
            WavFile.WriteSamples(speech, samples, WavSampleFormat.Pcm16);
            // Complete at once, as the pipe has no bounds.
            speech.FlushAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }
    }
}
