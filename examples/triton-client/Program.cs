using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Inference;
using TrtVocoder.Files;

// triton-client http://HOST:8001 MODEL mel.npy speech.wav [--decoupled]: one mel [bands, frames] to Triton's gRPC port; with --decoupled
// samples come in parts, while the server is still at work.
FloatTensor mel = NpyFile.Read(args[2]);
using GrpcChannel channel = GrpcChannel.ForAddress(args[0], new GrpcChannelOptions { MaxReceiveMessageSize = null });
GRPCInferenceService.GRPCInferenceServiceClient client = new(channel);
ModelInferRequest request = new()
{
    ModelName = args[1],
    Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "mel", Datatype = "FP32", Shape = { 1, mel.Shape[^2], mel.Shape[^1] } } },
    RawInputContents = { ByteString.CopyFrom(MemoryMarshal.AsBytes(mel.Values)) },
};
List<float> speech = [];
int parts = 0;
try
{
    if (args.Contains("--decoupled"))
    {
        using AsyncDuplexStreamingCall<ModelInferRequest, ModelStreamInferResponse> call = client.ModelStreamInfer();
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        await foreach (ModelStreamInferResponse part in call.ResponseStream.ReadAllAsync())
            Add(part.ErrorMessage.Length == 0 ? part.InferResponse : throw new InvalidOperationException(part.ErrorMessage));
    }
    else
        Add(await client.ModelInferAsync(request, deadline: DateTime.UtcNow.AddMinutes(1)));
}
catch (Exception error) when (error is RpcException or InvalidOperationException)
{
    Console.Error.WriteLine((error as RpcException)?.Status.Detail ?? error.Message);
    return 1;
}
WavFile.Write(args[3], [.. speech], channelCount: 1, sampleRate: 24000, WavSampleFormat.Pcm16, overwrite: true);
Console.WriteLine($"{speech.Count / 24000.0:f2} s of speech in {parts} part(s)");
return 0;

void Add(ModelInferResponse response)
{
    foreach (ByteString samples in response.RawOutputContents)
        speech.AddRange(MemoryMarshal.Cast<byte, float>(samples.Span));
    parts++;
}
