namespace TrtVocoder.Decoding;

/// <summary>What an input beside the mel takes.</summary>
internal enum InputRole
{
    /// <summary>How many frames each item has.</summary>
    Lengths,

    /// <summary>1 for every frame.</summary>
    Mask,

    /// <summary>One value that the caller told.</summary>
    Constant,
}
