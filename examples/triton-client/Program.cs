using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Inference;
using TrtVocoder.Files;

// triton-client http://HOST:8001 MODEL mel.npy speech.wav [--decoupled | --sequence FRAMES]: one mel [bands, frames] to Triton's gRPC port. With
// --decoupled samples come in parts, while the server is still at work; with --sequence the mel goes piece by piece, as an acoustic model makes
// it, and each answer has the samples that are finished by then.
FloatTensor mel = NpyFile.Read(args[2]);
using GrpcChannel channel = GrpcChannel.ForAddress(args[0], new GrpcChannelOptions { MaxReceiveMessageSize = null });
GRPCInferenceService.GRPCInferenceServiceClient client = new(channel);
int bands = mel.Shape[^2], frames = mel.Shape[^1];
List<float> speech = [];
int parts = 0;
try
{
    if (args.Contains("--decoupled"))
    {
        using AsyncDuplexStreamingCall<ModelInferRequest, ModelStreamInferResponse> call = client.ModelStreamInfer();
        await call.RequestStream.WriteAsync(MakeRequest(0, frames));
        await call.RequestStream.CompleteAsync();
        await foreach (ModelStreamInferResponse part in call.ResponseStream.ReadAllAsync())
            Add(part.ErrorMessage.Length == 0 ? part.InferResponse : throw new InvalidOperationException(part.ErrorMessage));
    }
    else if (Array.IndexOf(args, "--sequence") is > 0 and var at)
    {
        int chunk = int.Parse(args[at + 1], CultureInfo.InvariantCulture);
        string sequence = Guid.NewGuid().ToString();
        for (int first = 0; first < frames; first += chunk)
        {
            ModelInferRequest piece = MakeRequest(first, Math.Min(chunk, frames - first));
            piece.Parameters["sequence_id"] = new InferParameter { StringParam = sequence };
            piece.Parameters["sequence_start"] = new InferParameter { BoolParam = first == 0 };
            piece.Parameters["sequence_end"] = new InferParameter { BoolParam = first + chunk >= frames };
            Add(await client.ModelInferAsync(piece, deadline: DateTime.UtcNow.AddMinutes(1)));
        }
    }
    else
        Add(await client.ModelInferAsync(MakeRequest(0, frames), deadline: DateTime.UtcNow.AddMinutes(1)));
}
catch (Exception error) when (error is RpcException or InvalidOperationException)
{
    Console.Error.WriteLine((error as RpcException)?.Status.Detail ?? error.Message);
    return 1;
}
WavFile.Write(args[3], [.. speech], channelCount: 1, sampleRate: 24000, WavSampleFormat.Pcm16, overwrite: true);
Console.WriteLine($"{speech.Count / 24000.0:f2} s of speech in {parts} part(s)");
return 0;

ModelInferRequest MakeRequest(int first, int count)
{
    float[] piece = [.. Enumerable.Range(0, bands).SelectMany(band => mel.Values.Slice(band * frames + first, count).ToArray())];
    return new ModelInferRequest
    {
        ModelName = args[1],
        Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "mel", Datatype = "FP32", Shape = { 1, bands, count } } },
        RawInputContents = { ByteString.CopyFrom(MemoryMarshal.AsBytes(piece.AsSpan())) },
    };
}

void Add(ModelInferResponse response)
{
    foreach (ByteString samples in response.RawOutputContents)
        speech.AddRange(MemoryMarshal.Cast<byte, float>(samples.Span));
    parts++;
}
