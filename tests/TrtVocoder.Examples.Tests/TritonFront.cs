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
    private readonly Sequences _sequences;

    public TritonFront(VocoderScheduler scheduler, Sequences sequences) => (_scheduler, _sequences) = (scheduler, sequences);

    /// <summary>Serves on a free port of this machine.</summary>
    public static async Task<WebApplication> StartAsync(VocoderScheduler scheduler)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(scheduler);
        builder.Services.AddSingleton(_ => new Sequences(scheduler.Vocoder));
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
        if (request.Parameters.TryGetValue("sequence_id", out InferParameter? sequence))
            return MakeResponse(_sequences.Push(
                sequence.StringParam, mel, frames, request.Parameters["sequence_start"].BoolParam, request.Parameters["sequence_end"].BoolParam));
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

    /// <summary>The open sequences, each a stream, as native/triton has them.</summary>
    internal sealed class Sequences(Vocoder vocoder) : IDisposable
    {
        private readonly Dictionary<string, (VocoderSession Session, VocoderStream Stream)> _open = [];

        public float[] Push(string id, float[] mel, int frames, bool isFirst, bool isLast)
        {
            lock (_open)
            {
                if (isFirst)
                {
                    VocoderSession session = vocoder.CreateSession();
                    _open.Add(id, (session, session.CreateStream()));
                }
                if (!_open.TryGetValue(id, out (VocoderSession Session, VocoderStream Stream) sequence))
                    throw new RpcException(new Status(StatusCode.InvalidArgument, $"sequence {id} must specify the START flag on the first request"));
                sequence.Stream.Push(mel, frames);
                if (isLast)
                    sequence.Stream.Complete();
                float[] samples = new float[sequence.Stream.AvailableSamples];
                sequence.Stream.Read(samples);
                if (isLast)
                {
                    _open.Remove(id);
                    sequence.Stream.Dispose();
                    sequence.Session.Dispose();
                }
                return samples;
            }
        }

        public void Dispose() => Assert.That(_open, Is.Empty, "every sequence has ended");
    }
}
