namespace TrtVocoder.TensorRt;

/// <summary>A run from and to the caller's GPU memory: frames of longer mels, and which of its samples go where.</summary>
/// <param name="Mel">CUdeviceptr of [items, n_mels, mel frames], in the engine's own type and order.</param>
/// <param name="Items">Items.</param>
/// <param name="MelFrames">Frames of each item of the mel.</param>
/// <param name="Start">First frame of the run; before the mel where that is shorter and lies at the run's end.</param>
/// <param name="Frames">Frames of the run.</param>
/// <param name="Audio">CUdeviceptr of [items, samples].</param>
/// <param name="Samples">Samples of each item.</param>
/// <param name="Begin">First sample that the run gives, of each item.</param>
/// <param name="End">End of them, exclusive.</param>
/// <param name="FirstSample">Which sample of the run that is.</param>
internal readonly record struct DeviceWindow(
    nint Mel, int Items, int MelFrames, int Start, int Frames, nint Audio, int Samples, int Begin, int End, int FirstSample)
{
    /// <summary>Whether it is a decode of whole mels that gives just the samples asked for.</summary>
    public bool IsWhole => Frames == MelFrames && Begin == 0 && End == Samples;
}
