namespace TrtVocoder.Benchmarking.Tests;

public class LengthListTests
{
    [Test]
    public void The_bundled_list_holds_500_varied_utterances_of_4_to_10_seconds()
    {
        int[] lengths = LengthList.Read(LengthList.Bundled);
        Assert.That(lengths, Has.Length.EqualTo(500));
        Assert.That(lengths, Has.All.InRange(375, 937));
        Assert.That(lengths.Distinct().Count(), Is.GreaterThan(300));
        Assert.That(lengths.Zip(lengths.Skip(1), (a, b) => a == b).Count(same => same), Is.LessThan(10));
    }

    [Test]
    public void A_file_holds_a_length_a_line_and_comments()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "# recorded\n64\n\n  128  # the second\r\n64\n");
            Assert.That(LengthList.Read(path), Is.EqualTo((int[])[64, 128, 64]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Lengths_on_the_command_line_are_separated_by_commas()
    {
        Assert.That(LengthList.ParseOption("--frames", "64,256, 512"), Is.EqualTo((int[])[64, 256, 512]));
        Assert.That(() => LengthList.ParseOption("--frames", "64,,512"), Throws.TypeOf<FormatException>());
    }
}
