namespace TrtVocoder.Benchmarking;

/// <summary>What is decoded: one length again and again, or lengths in the order of a list, round and round.</summary>
/// <param name="Lengths">In frames.</param>
/// <param name="Batch">Items of every call.</param>
/// <param name="Source">Where a replay's lengths come from; null for one length.</param>
internal sealed record Workload(IReadOnlyList<int> Lengths, int Batch, string? Source)
{
    public bool IsReplay => Source is not null;

    public int Longest => Lengths.Max();
}
