using System.Diagnostics;
using TrtVocoder.Internal;

namespace TrtVocoder.Tests.Internal;

public class AtomicFileTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("trtvocoder-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    private string File(string name) => Path.Combine(_folder, name);

    [Test]
    public void A_file_appears_with_its_whole_content_only()
    {
        AtomicFile.Write(File("a"), overwrite: false, stream =>
        {
            stream.WriteByte(1);
            Assert.That(System.IO.File.Exists(File("a")), Is.False);
        });
        Assert.That(System.IO.File.ReadAllBytes(File("a")), Is.EqualTo(new byte[] { 1 }));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_failure_leaves_the_old_file_and_nothing_else()
    {
        System.IO.File.WriteAllText(File("a"), "old");
        Assert.That(() => AtomicFile.Write(File("a"), overwrite: true, stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }), Throws.InvalidOperationException);
        Assert.That(System.IO.File.ReadAllText(File("a")), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void An_existing_file_is_replaced_only_on_demand()
    {
        System.IO.File.WriteAllText(File("a"), "old");
        Assert.That(() => AtomicFile.Write(File("a"), overwrite: false, stream => stream.WriteByte(65)), Throws.TypeOf<IOException>().With.Message.Contains("exists already"));
        AtomicFile.Write(File("a"), overwrite: true, stream => stream.WriteByte(65));
        Assert.That(System.IO.File.ReadAllText(File("a")), Is.EqualTo("A"));
    }

    [Test]
    public void A_missing_folder_is_named() =>
        Assert.That(
            () => AtomicFile.Write(File("none/a"), overwrite: false, _ => { }),
            Throws.TypeOf<DirectoryNotFoundException>().With.Message.Contains(File("none")));

    [Test]
    public void A_folder_is_no_file() =>
        Assert.That(() => AtomicFile.Write(_folder, overwrite: true, _ => { }), Throws.TypeOf<IOException>().With.Message.Contains("is a folder"));

    [Test]
    [Platform("Linux")]
    public void A_full_disk_is_told_in_one_sentence() =>
        Assert.That(
            () => AtomicFile.Write("/dev/full", overwrite: false, stream => stream.WriteByte(1)),
            Throws.TypeOf<IOException>().With.Message.EqualTo("/dev/full cannot be written: no space left on device."));

    [Test]
    [Platform("Linux")]
    public void A_symbolic_link_stays_one()
    {
        System.IO.File.WriteAllText(File("a"), "old");
        System.IO.File.CreateSymbolicLink(File("link"), File("a"));
        AtomicFile.Write(File("link"), overwrite: true, stream => stream.WriteByte(65));
        Assert.That(System.IO.File.ReadAllText(File("a")), Is.EqualTo("A"));
        Assert.That(new FileInfo(File("link")).LinkTarget, Is.EqualTo(File("a")));
    }

    [Test]
    [Platform("Linux")]
    public void A_named_pipe_is_written_and_stays_one()
    {
        Process.Start("mkfifo", [File("pipe")]).WaitForExit();
        Task<byte[]> reader = Task.Run(() => System.IO.File.ReadAllBytes(File("pipe")));
        AtomicFile.Write(File("pipe"), overwrite: true, stream => stream.Write([1, 2, 3]));
        Assert.That(reader.Result, Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
    }
}
