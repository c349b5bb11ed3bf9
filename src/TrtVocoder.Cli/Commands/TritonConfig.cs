using System.Globalization;
using System.Text;

namespace TrtVocoder.Cli.Commands;

/// <summary>The config.pbtxt of a model that Triton Inference Server serves by the backend of native/triton.</summary>
internal sealed record TritonConfig
{
    /// <summary>The most mels of a request, and of the requests that the server hands over together.</summary>
    public const int DefaultBatch = 64;

    /// <summary>The most streams that the backend keeps.</summary>
    public const int MostSequences = 1024;

    // Speech that is made slower than this between two pieces is rare; the server's own default is a second.
    private const int MaxIdleMicroseconds = 5_000_000;

    public required string Name { get; init; }

    /// <summary>The model's file in the version's folder.</summary>
    public required string File { get; init; }

    public required bool IsEngine { get; init; }

    public required int MelCount { get; init; }

    /// <summary>The least frames that a mel may have.</summary>
    public required int MinFrames { get; init; }

    public required int MaxBatch { get; init; }

    /// <summary>The most sequences of an instance, whose requests have the pieces of a mel each; null: requests have whole mels.</summary>
    public required int? Sequences { get; init; }

    public required int Instances { get; init; }

    /// <summary>Numbers of the GPUs, each of which gets the instances; none: all.</summary>
    public required IReadOnlyList<int> Gpus { get; init; }

    public required int QueueDelayMicroseconds { get; init; }

    /// <summary>The most requests that wait in the server; 0: no limit.</summary>
    public required int MaxQueueSize { get; init; }

    public required bool IsDecoupled { get; init; }

    /// <summary>Whether mels and samples are FP16; else FP32.</summary>
    public required bool IsHalf { get; init; }

    /// <summary>The backend's parameters, by name.</summary>
    public required IReadOnlyList<(string Key, string Value)> Parameters { get; init; }

    public required string Writer { get; init; }

    private string Type => IsHalf ? "TYPE_FP16" : "TYPE_FP32";

    /// <summary>The file's text, in protobuf's text format.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $$"""
            # Written by {{Writer}}; docs/triton.md tells what may be changed.
            name: "{{Name}}"
            backend: "trtvocoder"
            default_model_filename: "{{File}}"
            max_batch_size: {{MaxBatch}}

            # Natural-log mel amplitudes. The lengths of a batch's mels may differ.
            input [
              {
                name: "mel"
                data_type: {{Type}}
                dims: [ {{MelCount}}, -1 ]
                allow_ragged_batch: true
              }
            ]
            output [
              {
                name: "waveform"
                data_type: {{Type}}
                dims: [ -1 ]
              }
            ]

            instance_group [
              {
                count: {{Instances}}
                kind: {{(IsEngine ? "KIND_GPU" : "KIND_CPU")}}
            {{(Gpus.Count > 0 ? $"    gpus: [ {string.Join(", ", Gpus)} ]\n" : "")}}  }
            ]

            """);
        if (Sequences is { } sequences)
            AppendSequences(text, sequences);
        else
            AppendBatching(text);
        foreach ((string key, string value) in Parameters)
            text.Append(CultureInfo.InvariantCulture, $$"""
                parameters { key: "{{key}}" value { string_value: "{{value}}" } }

                """);
        return text.ToString();
    }

    private void AppendSequences(StringBuilder text, int sequences) => text.Append(CultureInfo.InvariantCulture, $$"""

        # A sequence is a mel that comes piece by piece; the backend has a stream ready for each, and forgets one that nothing comes of for so long.
        sequence_batching {
          max_sequence_idle_microseconds: {{MaxIdleMicroseconds}}
          oldest {
            max_candidate_sequences: {{sequences}}
            max_queue_delay_microseconds: {{QueueDelayMicroseconds}}
          }
        }

        """);

    private void AppendBatching(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $$"""

            # The backend packs windows of all requests into full batches by itself: nothing is gained by holding requests back here.
            dynamic_batching {
              max_queue_delay_microseconds: {{QueueDelayMicroseconds}}
            {{(MaxQueueSize > 0 ? $"  default_queue_policy {{ max_queue_size: {MaxQueueSize} }}\n" : "")}}}

            """);
        if (IsDecoupled)
            text.Append("""

                # A request's samples are sent in parts, as they are ready.
                model_transaction_policy { decoupled: true }

                """);
        text.Append(CultureInfo.InvariantCulture, $$"""

            model_warmup [
              {
                name: "one mel"
                batch_size: 1
                inputs {
                  key: "mel"
                  value { data_type: {{Type}} dims: [ {{MelCount}}, {{Math.Max(MinFrames, 256)}} ] zero_data: true }
                }
              }
            ]

            """);
    }
}
