using Microsoft.ML.OnnxRuntime;
using TrtVocoder.Internal;

namespace TrtVocoder.OnnxRuntime;

/// <summary>One ONNX Runtime session (its weights, threads and arena) shared by a model and its decoders; the last one to leave disposes it.</summary>
internal sealed class SharedSession(InferenceSession session)
{
    private UseCount _use;

    /// <summary>The session; its Run is thread-safe.</summary>
    public InferenceSession Session { get; } = session;

    /// <summary>Joins the users; false when the last one has left already.</summary>
    public bool TryJoin() => _use.TryJoin();

    /// <summary>Leaves; every user once.</summary>
    public void Leave()
    {
        if (_use.Leave())
            Session.Dispose();
    }
}
