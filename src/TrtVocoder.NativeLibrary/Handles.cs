using System.Collections.Concurrent;

namespace TrtVocoder.NativeLibrary;

/// <summary>
/// The objects that C holds handles of. A handle is a number that is never used again, so that one that was destroyed is found out
/// in place of leading elsewhere. Safe for use by many threads.
/// </summary>
internal static class Handles
{
    private static readonly ConcurrentDictionary<nint, object> Objects = new();
    private static long _last;

    public static nint Add(object target)
    {
        // Multiples of 16, as addresses are: a handle is a pointer to C.
        nint handle = (nint)(16 * Interlocked.Increment(ref _last));
        Objects[handle] = target;
        return handle;
    }

    /// <summary>The object of a handle.</summary>
    /// <exception cref="ArgumentException">There is none, or it is of another kind.</exception>
    public static T Get<T>(nint handle)
        where T : class => handle != 0 && Objects.TryGetValue(handle, out object? target) && target is T wanted
            ? wanted
            : throw new ArgumentException(handle == 0
                ? $"The {NameOf<T>()} is NULL."
                : $"The {NameOf<T>()} is no handle of this library, or of another kind, or was destroyed.");

    /// <summary>Takes an object out; null where the handle has none, or one of another kind.</summary>
    public static T? Remove<T>(nint handle)
        where T : class =>
        Objects.TryGetValue(handle, out object? target) && target is T && Objects.TryRemove(handle, out target) ? (T)target : null;

    private static string NameOf<T>() =>
        typeof(T) == typeof(NativeSession) ? "session"
        : typeof(T) == typeof(NativeScheduler) ? "scheduler"
        : typeof(T) == typeof(NativeStream) ? "stream"
        : "vocoder";
}
