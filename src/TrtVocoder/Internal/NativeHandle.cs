using System.Runtime.InteropServices;

namespace TrtVocoder.Internal;

/// <summary>A native object, freed by who disposes of it or, forgotten, by its finalizer; by that only while the process does not end.</summary>
internal abstract class NativeHandle : SafeHandle
{
    // A field, so that the gate is there before the first finalizer.
    private readonly FinalizerGate _gate;

    /// <param name="value">The live native handle.</param>
    /// <param name="gate">What its finalizer goes by; null: the process's.</param>
    protected NativeHandle(nint value, FinalizerGate? gate = null)
        : base(0, ownsHandle: true)
    {
        _gate = gate ?? FinalizerGate.OfProcess;
        SetHandle(value);
    }

    public sealed override bool IsInvalid => handle == 0;

    protected sealed override void Dispose(bool disposing)
    {
        if (disposing)
        {
            base.Dispose(disposing);
            return;
        }
        if (!_gate.TryEnter())
            return;
        try
        {
            base.Dispose(disposing);
        }
        finally
        {
            _gate.Leave();
        }
    }
}
