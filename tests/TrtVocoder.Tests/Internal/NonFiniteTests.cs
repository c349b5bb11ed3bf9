using TrtVocoder.Internal;

namespace TrtVocoder.Tests.Internal;

/// <summary>NaN and infinity are found wherever they are.</summary>
public class NonFiniteTests
{
    [Test]
    public void The_first_value_that_is_not_finite_is_found_at_every_place_of_every_length([Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float bad)
    {
        for (int length = 0; length < 70; length++)
        {
            float[] values = [.. Enumerable.Range(1, length).Select(i => float.MaxValue / i)], target = new float[length + 1];
            Assert.That((NonFinite.IndexOf(values), NonFinite.Copy(values, target)), Is.EqualTo((-1, -1)), $"{length} finite values");
            Assert.That(target[..length], Is.EqualTo(values));
            for (int i = 0; i < length; i++)
            {
                float[] damaged = [.. values];
                (damaged[i], damaged[length - 1]) = (bad, bad);
                Assert.That((NonFinite.IndexOf(damaged), NonFinite.Copy(damaged, target)), Is.EqualTo((i, i)), $"value {i} of {length}");
                Assert.That(target[..length], Is.EqualTo(damaged), "copied all the same");
            }
        }
    }
}
