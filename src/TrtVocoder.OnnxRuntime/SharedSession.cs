using Microsoft.ML.OnnxRuntime;

namespace TrtVocoder.OnnxRuntime;

/// <summary>One ONNX Runtime session (its weights, threads and arena) shared by a model and its decoders; the last one to leave disposes it.</summary>
internal sealed class SharedSession(InferenceSession session)
{
    private int _users = 1;

    /// <summary>The session; its Run is thread-safe.</summary>
    public InferenceSession Session { get; } = session;

    /// <summary>Joins the users; false when the last one has left already.</summary>
    public bool TryJoin()
    {
        for (int users = Volatile.Read(ref _users); users > 0; users = Volatile.Read(ref _users))
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users)
                return true;
        return false;
    }

    /// <summary>Leaves; every user once.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            Session.Dispose();
    }
}
