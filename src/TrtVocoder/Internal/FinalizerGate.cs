using System.Runtime.Loader;

namespace TrtVocoder.Internal;

/// <summary>
/// Keeps finalizers out of native libraries once the process ends: those tear themselves down then, and a destroy beside that crashes. What
/// is left is the operating system's to free. Who disposes is not kept out. Safe for use by many threads.
/// </summary>
internal sealed class FinalizerGate
{
    // A finalizer that waits for a GPU that hangs must not hold the process's end up for ever.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _inside = new();
    private volatile bool _isClosed;

    /// <summary>
    /// The gate that this process closes when it begins to end. Whoever has a finalizer asks for it while the process still runs.
    /// </summary>
    public static FinalizerGate OfProcess { get; } = MakeForProcess();

    /// <summary>Lets a finalizer in until <see cref="Leave"/>; false where it has to leave everything as it is.</summary>
    public bool TryEnter()
    {
        _inside.Enter();
        if (!_isClosed)
            return true;
        _inside.Exit();
        return false;
    }

    /// <summary>The finalizer is out again.</summary>
    public void Leave() => _inside.Exit();

    /// <summary>Lets none in any more, and waits for the one inside; false where that took longer than the patience.</summary>
    public bool Close(TimeSpan patience)
    {
        _isClosed = true;
        if (!_inside.TryEnter(patience))
            return false;
        _inside.Exit();
        return true;
    }

    private static FinalizerGate MakeForProcess()
    {
        FinalizerGate gate = new();
        EventHandler close = (_, _) => gate.Close(Patience);
        AppDomain.CurrentDomain.ProcessExit += close;
        // In a plug-in: the process would hold its assembly by the handler.
        if (AssemblyLoadContext.GetLoadContext(typeof(FinalizerGate).Assembly) is { IsCollectible: true } plugin)
            plugin.Unloading += _ => AppDomain.CurrentDomain.ProcessExit -= close;
        return gate;
    }
}
