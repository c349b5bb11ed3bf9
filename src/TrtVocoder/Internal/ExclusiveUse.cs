namespace TrtVocoder.Internal;

/// <summary>
/// Lets one thread in at a time, and notices when disposal comes while one is inside: then the one inside disposes on its way out.
/// A mutable struct: never copy it.
/// </summary>
internal struct ExclusiveUse
{
    private const int Idle = 0;
    private const int InUse = 1;
    private const int DisposeWhenLeft = 2;
    private const int Disposed = 3;

    private int _state;

    /// <exception cref="InvalidOperationException">Another thread is inside.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public void Enter(object owner)
    {
        int state = Interlocked.CompareExchange(ref _state, InUse, Idle);
        if (state == Idle)
            return;
        ObjectDisposedException.ThrowIf(state != InUse, owner);
        throw new InvalidOperationException($"This {owner.GetType().Name} is being used by another thread; make one for each thread.");
    }

    /// <summary>True when the caller must now dispose.</summary>
    public bool Leave()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, InUse) == InUse)
            return false;
        Volatile.Write(ref _state, Disposed);
        return true;
    }

    /// <summary>True when the caller must now dispose; false when somebody has or will.</summary>
    public bool TryDispose()
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if (state is DisposeWhenLeft or Disposed)
                return false;
            int next = state == Idle ? Disposed : DisposeWhenLeft;
            if (Interlocked.CompareExchange(ref _state, next, state) == state)
                return state == Idle;
        }
    }
}
