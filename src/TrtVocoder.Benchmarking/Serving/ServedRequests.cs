using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace TrtVocoder.Benchmarking.Serving;

/// <summary>The bodies of inference requests: JSON that describes the mel, then its bytes (KServe's binary tensor data extension).</summary>
/// <param name="model">Who is asked.</param>
/// <param name="batch">Mels of each.</param>
/// <param name="longest">Frames of the longest; all others take the first values of its mels.</param>
internal sealed class ServedRequests(ServedModel model, int batch, int longest)
{
    /// <summary>The header that tells where JSON ends and tensors begin.</summary>
    public const string HeaderLength = "Inference-Header-Content-Length";

    private const int MaxHeaderBytes = 1 << 16;

    // Floats are little-endian in the protocol, as on every machine that .NET runs on today.
    private readonly byte[] _mels = MemoryMarshal.AsBytes<float>(BenchMel.Make(batch * model.MelCount * longest)).ToArray();

    /// <summary>The mels of a request of so many frames.</summary>
    public ReadOnlySpan<float> GetMels(int frames) => MemoryMarshal.Cast<byte, float>(_mels.AsSpan(0, GetByteCount(frames)));

    /// <summary>The body of a request; the mels are not copied.</summary>
    public HttpContent MakeContent(int frames)
    {
        int bytes = GetByteCount(frames);
        MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("inputs");
            writer.WriteStartObject();
            writer.WriteString("name", model.Input.Name);
            writer.WriteStartArray("shape");
            foreach (int size in model.HasBatch ? (int[])[batch, model.MelCount, frames] : [model.MelCount, frames])
                writer.WriteNumberValue(size);
            writer.WriteEndArray();
            writer.WriteString("datatype", ServedModel.Datatype);
            writer.WriteStartObject("parameters");
            writer.WriteNumber("binary_data_size", bytes);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteStartArray("outputs");
            writer.WriteStartObject();
            writer.WriteString("name", model.Output.Name);
            writer.WriteStartObject("parameters");
            writer.WriteBoolean("binary_data", true);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return new Content(json.ToArray(), _mels.AsMemory(0, bytes));
    }

    /// <summary>
    /// The longest answer to such a request: of the longest hop that a model may have, since servers do not tell theirs; no more than an array
    /// can hold.
    /// </summary>
    public long GetMaxAnswerBytes(int frames) =>
        Math.Min(Array.MaxLength, MaxHeaderBytes + ((long)sizeof(float) * batch * ModelLimits.MaxHopLength * (frames + 1)));

    private int GetByteCount(int frames) => sizeof(float) * batch * model.MelCount * frames;

    private sealed class Content : HttpContent
    {
        private readonly byte[] _json;
        private readonly ReadOnlyMemory<byte> _mels;

        public Content(byte[] json, ReadOnlyMemory<byte> mels)
        {
            (_json, _mels) = (json, mels);
            Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            Headers.Add(HeaderLength, json.Length.ToString(CultureInfo.InvariantCulture));
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_json).ConfigureAwait(false);
            await stream.WriteAsync(_mels).ConfigureAwait(false);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _json.Length + _mels.Length;
            return true;
        }
    }
}
