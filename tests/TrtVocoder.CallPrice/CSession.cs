using System.Runtime.InteropServices;
using System.Text;

namespace TrtVocoder.CallPrice;

/// <summary>A session of libtrtvocoder.so, called through its exported functions as a client in C calls them.</summary>
internal sealed unsafe class CSession : IDisposable
{
    private readonly nint _library;
    private readonly delegate* unmanaged[Cdecl]<nint, float*, int, int, float*, long, int*, int> _decode;
    private readonly nint _vocoder;
    private readonly nint _session;

    /// <exception cref="InvalidOperationException">A call failed.</exception>
    public CSession(string library, string model)
    {
        _library = NativeLibrary.Load(library);
        _decode = (delegate* unmanaged[Cdecl]<nint, float*, int, int, float*, long, int*, int>)Find("session_decode");
        nint vocoder, session;
        fixed (byte* path = Encoding.UTF8.GetBytes(model + '\0'))
            Check(((delegate* unmanaged[Cdecl]<byte*, void*, nint*, int>)Find("vocoder_load_file"))(path, null, &vocoder));
        _vocoder = vocoder;
        Check(((delegate* unmanaged[Cdecl]<nint, int, nint*, int>)Find("session_create"))(vocoder, 0, &session));
        _session = session;
    }

    /// <summary>One decode.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public void Decode(float* mel, int frames, float* audio, int capacity)
    {
        int samples;
        Check(_decode(_session, mel, 1, frames, audio, capacity, &samples));
    }

    public void Dispose()
    {
        ((delegate* unmanaged[Cdecl]<nint, void>)Find("session_destroy"))(_session);
        ((delegate* unmanaged[Cdecl]<nint, void>)Find("vocoder_destroy"))(_vocoder);
    }

    private nint Find(string name) => NativeLibrary.GetExport(_library, "trtvocoder_" + name);

    private static void Check(int status)
    {
        if (status != 0)
            throw new InvalidOperationException($"A call of the C library failed with status {status}.");
    }
}
