using System.Net;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Inference;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TrtVocoder.Vocoding;

namespace TrtVocoder.Examples.Tests;

/// <summary>A small gRPC server of KServe's protocol v2, as Triton has one: the demo voice behind a scheduler.</summary>
internal sealed class TritonFront : GRPCInferenceService.GRPCInferenceServiceBase
{
    private readonly VocoderScheduler _scheduler;

    public TritonFront(VocoderScheduler scheduler) => _scheduler = scheduler;

    /// <summary>Serves on a free port of this machine.</summary>
    public static async Task<WebApplication> StartAsync(VocoderScheduler scheduler)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(scheduler);
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        WebApplication front = builder.Build();
        front.MapGrpcService<TritonFront>();
        await front.StartAsync();
        return front;
    }

    /// <summary>Where it serves.</summary>
    public static string AddressOf(WebApplication front) =>
        front.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public override async Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context)
    {
        (float[] mel, int frames) = Read(request);
        return MakeResponse(await _scheduler.DecodeAsync(mel, frames, context.CancellationToken));
    }

    public override async Task ModelStreamInfer(
        IAsyncStreamReader<ModelInferRequest> requestStream, IServerStreamWriter<ModelStreamInferResponse> responseStream, ServerCallContext context)
    {
        await foreach (ModelInferRequest request in requestStream.ReadAllAsync())
        {
            if (request.ModelName != "vocos")
            {
                await responseStream.WriteAsync(new ModelStreamInferResponse { ErrorMessage = Unknown(request) });
                continue;
            }
            (float[] mel, int frames) = Read(request);
            await _scheduler.DecodeAsync(
                mel, frames, samples => responseStream.WriteAsync(new ModelStreamInferResponse { InferResponse = MakeResponse(samples) }).Wait(), context.CancellationToken);
        }
    }

    private (float[] Mel, int Frames) Read(ModelInferRequest request)
    {
        if (request.ModelName != "vocos")
            throw new RpcException(new Status(StatusCode.NotFound, Unknown(request)));
        ModelInferRequest.Types.InferInputTensor input = request.Inputs.Single();
        Assert.That((input.Name, input.Datatype), Is.EqualTo(("mel", "FP32")));
        float[] mel = MemoryMarshal.Cast<byte, float>(request.RawInputContents.Single().Span).ToArray();
        Assert.That(input.Shape, Is.EqualTo((long[])[1, _scheduler.Vocoder.MelCount, mel.Length / _scheduler.Vocoder.MelCount]));
        return (mel, (int)input.Shape[2]);
    }

    private static ModelInferResponse MakeResponse(ReadOnlySpan<float> samples) => new()
    {
        Outputs = { new ModelInferResponse.Types.InferOutputTensor { Name = "waveform", Datatype = "FP32", Shape = { 1, samples.Length } } },
        RawOutputContents = { ByteString.CopyFrom(MemoryMarshal.AsBytes(samples)) },
    };

    private static string Unknown(ModelInferRequest request) => $"Request for unknown model: '{request.ModelName}' is not found";
}
