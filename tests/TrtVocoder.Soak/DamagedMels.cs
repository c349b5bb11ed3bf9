using TrtVocoder.Files;

namespace TrtVocoder.Soak;

/// <summary>Bodies that no service may answer with speech.</summary>
internal static class DamagedMels
{
    /// <summary>Damages a mel, in one of several ways.</summary>
    public static byte[] Make(byte[] npy, int bands, Random random)
    {
        byte[] damaged = [.. npy];
        switch (random.Next(7))
        {
            case 0:
                return [];
            case 1:
                return npy[..random.Next(1, npy.Length)];
            case 2:
                return "mel"u8.ToArray();
            case 3:
                damaged[random.Next(6)] ^= 0x20;
                return damaged;
            case 4: // The last value is NaN.
                damaged[^1] = 0x7f;
                damaged[^2] = 0xff;
                return damaged;
            case 5: // A recording that is none.
                return [.. "RIFF"u8, .. npy];
            default:
                using (MemoryStream other = new())
                {
                    NpyFile.Write(other, new FloatTensor([bands - 1, 3], new float[(bands - 1) * 3]));
                    return other.ToArray();
                }
        }
    }
}
