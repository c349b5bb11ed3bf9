namespace TrtVocoder.Dsp;

/// <summary>
/// One call's pinned memory and frame numbers, shared by all threads that work on it. Frames count from the utterance's first.
/// </summary>
internal unsafe struct InverseStftJob
{
    public SpectrumForm Form;
    public float* First;
    public float* Second;

    /// <summary>Null where the form has two planes.</summary>
    public float* Third;

    public SpectrumLayout Layout;

    /// <summary>Frames in memory: the row length when bins-major.</summary>
    public int StoredFrames;

    /// <summary>Where in memory <see cref="FirstFrame"/> lies.</summary>
    public int StoredFirst;

    public int FirstFrame;
    public int EndFrame;
    public int TotalFrames;

    /// <summary>The whole utterance's samples; its first sample is position <see cref="StftParameters.TrimLength"/>.</summary>
    public float* Audio;

    public float* Window;
    public float* Head;
    public float* Tail;
    public int HeadEnd;

    public readonly bool Contains(int frame) => frame >= FirstFrame && frame < EndFrame;
}
