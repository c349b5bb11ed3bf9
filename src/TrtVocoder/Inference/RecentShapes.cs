namespace TrtVocoder.Inference;

/// <summary>Remembers the latest shapes, to tell which come back.</summary>
internal sealed class RecentShapes
{
    private readonly (int Batch, int Frames)[] _shapes = new (int, int)[16];
    private int _next;

    /// <summary>Whether the shape was seen lately; it is from now on.</summary>
    public bool Saw(int batch, int frames)
    {
        if (Array.IndexOf(_shapes, (batch, frames)) >= 0)
            return true;
        _shapes[_next++ % _shapes.Length] = (batch, frames);
        return false;
    }
}
