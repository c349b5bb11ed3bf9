using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.TestSupport;

public class NeededTests
{
    [TestCase(null, null, null)]
    [TestCase("false", "nvidia", null)]
    [TestCase("true", "nvidia", "nvidia")]
    public void What_is_missing_skips_a_test_on_a_developers_machine_and_where_it_is_left_out_by_name(string? ci, string? optOut, string? without)
    {
        string? said = null;
        Needed.Missing("The double is missing.", reason => said = reason, optOut, ci, without);
        Assert.That(said, Is.EqualTo("The double is missing."));
    }

    [TestCase(null, null)]
    [TestCase(null, "nvidia")]
    [TestCase("nvidia", null)]
    public void What_is_missing_fails_a_test_in_CI(string? optOut, string? without) => Assert.That(
        () => Needed.Missing("The double is missing.", _ => { }, optOut, "true", without),
        Throws.InvalidOperationException.With.Message.StartsWith("The double is missing. With CI=true that is a failure"));

    [Test]
    public void An_opt_out_that_nobody_knows_is_an_error() => Assert.That(
        () => Needed.Missing("It is missing.", _ => { }, Needed.Nvidia, "true", "nvidia,fftw"),
        Throws.InvalidOperationException.With.Message.Contains("'fftw'"));
}
