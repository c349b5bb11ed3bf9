namespace TrtVocoder.Benchmarking.Tests;

public class InterleavedRoundsTests
{
    private static Workload Replay(params int[] lengths) => new(lengths, 1, "test");

    [Test]
    public void Contenders_take_turns_in_alternating_order()
    {
        string calls = "";
        TimedContender a = new(Replay(1), _ => calls += "a"), b = new(Replay(1), _ => calls += "b");
        InterleavedRounds.Run([a, b], TimeSpan.Zero, TimeSpan.Zero, InterleavedRounds.Count, CancellationToken.None);
        Assert.That((a.Calls.Count, b.Calls.Count), Is.EqualTo((InterleavedRounds.Count, InterleavedRounds.Count)));
        Assert.That(a.ToSeries().RoundMedians, Has.Count.EqualTo(InterleavedRounds.Count));
        // Warm-up ab, then ab ba ab …; without repeats the later rounds add one turn each.
        string turns = string.Concat(calls.Where((call, i) => i == 0 || calls[i - 1] != call));
        Assert.That(turns, Is.EqualTo("ab" + string.Concat(Enumerable.Range(0, InterleavedRounds.Count + 1).Select(i => i % 2 == 0 ? 'a' : 'b'))));
    }

    [Test]
    public void A_replay_is_measured_in_the_order_of_its_list_from_the_beginning()
    {
        List<int> seen = [];
        TimedContender contender = new(Replay(10, 20, 30), seen.Add), other = new(Replay(1), _ => { });
        InterleavedRounds.Run([contender, other], TimeSpan.FromMilliseconds(1), TimeSpan.Zero, 7, CancellationToken.None);
        Assert.That(contender.Calls.Select(call => call.Frames), Is.EqualTo((int[])[10, 20, 30, 10, 20, 30, 10]));
    }

    [Test]
    public void Settling_repeats_the_last_length_so_that_the_next_one_is_still_new()
    {
        List<int> seen = [];
        TimedContender contender = new(Replay(10, 20, 30), seen.Add), other = new(Replay(1), _ => { });
        InterleavedRounds.Run([contender, other], TimeSpan.Zero, TimeSpan.Zero, InterleavedRounds.Count, CancellationToken.None);
        int[] changes = [.. seen.Where((length, i) => i == 0 || seen[i - 1] != length)];
        for (int i = 1; i < changes.Length; i++)
            Assert.That(changes[i], Is.EqualTo(changes[i - 1] == 30 ? 10 : changes[i - 1] + 10), "no length is skipped or seen early");
    }

    [Test]
    public void Slow_calls_are_measured_as_often_as_asked_and_not_once_a_round()
    {
        TimedContender slow = new(Replay(1), _ => Thread.Sleep(2));
        InterleavedRounds.Run([slow], TimeSpan.Zero, TimeSpan.FromMilliseconds(1), 3, CancellationToken.None);
        Assert.That(slow.Calls, Has.Count.EqualTo(3));
    }

    [Test]
    public void Cancelling_ends_the_measurement_between_two_calls()
    {
        using CancellationTokenSource cancellation = new();
        int calls = 0;
        TimedContender contender = new(Replay(1), _ =>
        {
            if (++calls == 5)
                cancellation.Cancel();
        });
        Assert.That(() => InterleavedRounds.Run([contender], TimeSpan.Zero, TimeSpan.FromHours(1), 1, cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(calls, Is.EqualTo(5));
    }
}
