using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.TestSupport;

public class DifferencesTests
{
    [Test]
    public void The_largest_difference_is_found_wherever_it_is([Range(0, 2)] int place)
    {
        float[] actual = [1, 2, 3];
        actual[place] -= 0.5f;
        Assert.That(Differences.Largest(actual, (float[])[1, 2, 3]), Is.EqualTo(0.5));
        Assert.That(Differences.Largest(actual, (double[])[1, 2, 3]), Is.EqualTo(0.5));
    }

    [Test]
    public void What_is_not_a_number_is_infinitely_far_wherever_it_is([Range(0, 2)] int place, [Values(float.NaN, float.PositiveInfinity)] float value, [Values] bool isExpected)
    {
        float[] good = [1, 2, 3];
        float[] bad = [1, 2, 3];
        bad[place] = value;
        (float[] actual, float[] expected) = isExpected ? (good, bad) : (bad, good);
        Assert.That(Differences.Largest(actual, expected), Is.EqualTo(double.PositiveInfinity));
        Assert.That(Differences.Largest(actual, Array.ConvertAll(expected, one => (double)one)), Is.EqualTo(double.PositiveInfinity));
        Assert.That(Differences.Largest(bad, bad), Is.EqualTo(double.PositiveInfinity), "also where both are so");
    }

    [Test]
    public void Other_lengths_are_infinitely_far_and_nothing_is_as_it_should_be()
    {
        Assert.That(Differences.Largest([1, 2], (float[])[1]), Is.EqualTo(double.PositiveInfinity));
        Assert.That(Differences.Largest([], (double[])[1]), Is.EqualTo(double.PositiveInfinity));
        Assert.That(Differences.Largest([], (float[])[]), Is.Zero);
    }
}
