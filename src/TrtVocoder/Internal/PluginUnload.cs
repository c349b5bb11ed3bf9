using System.Runtime.Loader;

namespace TrtVocoder.Internal;

/// <summary>
/// What must end before the AssemblyLoadContext that holds this library can go: threads, and what native code and the framework call or list.
/// Nothing where the library stays for as long as the process. Thread-safe.
/// </summary>
internal static class PluginUnload
{
    /// <summary>Has something done when the context begins to unload.</summary>
    /// <param name="end">Called once, from any thread; must not throw.</param>
    public static void Add(Action end)
    {
        if (AssemblyLoadContext.GetLoadContext(typeof(PluginUnload).Assembly) is { IsCollectible: true } context)
            context.Unloading += _ => end();
    }
}
