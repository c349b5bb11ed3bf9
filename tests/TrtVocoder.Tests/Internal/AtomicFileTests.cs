using System.Diagnostics;
using System.Runtime.Versioning;
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

    [Test]
    [Platform("Linux")]
    [UnsupportedOSPlatform("windows")]
    public void A_temporary_file_has_the_mode_of_its_target_before_there_is_content()
    {
        System.IO.File.WriteAllText(File("a"), "old");
        System.IO.File.SetUnixFileMode(File("a"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        UnixFileMode mode = default;
        AtomicFile.Write(File("a"), overwrite: true, _ => mode = System.IO.File.GetUnixFileMode(Directory.GetFiles(_folder, ".*").Single()));
        Assert.That(mode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(System.IO.File.GetUnixFileMode(File("a")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    [Platform("Linux")]
    public void Links_are_followed_as_the_kernel_does()
    {
        Directory.CreateDirectory(File("x/y"));
        System.IO.File.CreateSymbolicLink(File("short"), File("x/y"));
        System.IO.File.CreateSymbolicLink(File("x/y/up"), "../b");
        AtomicFile.Write(File("short/up"), overwrite: true, stream => stream.WriteByte(65));
        Assert.That(System.IO.File.ReadAllText(File("x/b")), Is.EqualTo("A"));
        System.IO.File.CreateSymbolicLink(File("one"), File("two"));
        System.IO.File.CreateSymbolicLink(File("two"), File("one"));
        Assert.That(() => AtomicFile.Write(File("one"), overwrite: true, _ => { }), Throws.TypeOf<IOException>().With.Message.Contains("one cannot be written").And.Message.Contains("circle"));
    }

    // Each step that the system may refuse, of a new file and of one that is there.
    [TestCase(nameof(FileCalls.OpenExisting), true, "cannot be written: refused")]
    [TestCase(nameof(FileCalls.Create), false, "cannot be written: refused")]
    [TestCase(nameof(FileCalls.Create), true, null)]
    [TestCase(nameof(FileCalls.CopyMode), true, "cannot be written: refused")]
    [TestCase(nameof(FileCalls.TryChangeOwner), true, null)]
    [TestCase(nameof(FileCalls.Move), false, "cannot be written: refused")]
    [TestCase(nameof(FileCalls.Move), true, null)]
    [TestCase("MoveAndOverwrite", true, "cannot be written: refused; it could only be written in place")]
    [TestCase("CreateAndOverwrite", true, "cannot be written: refused; it could only be written in place")]
    [TestCase(nameof(FileCalls.WhyNotWritable), true, "cannot be written: refused")]
    [TestCase(nameof(FileCalls.WhyNotWritable), false, "may not be written to (refused)")]
    public void Each_refusal_of_the_system_ends_in_its_sentence_or_in_the_file_written_in_place(string step, bool isThere, string? words)
    {
        if (isThere)
            System.IO.File.WriteAllText(File("a"), "old content");
        void Write() => AtomicFile.Write(OutputTarget.Find(File("a")), overwrite: true, stream => stream.WriteByte(65), new Refusing(step));
        if (words is null)
        {
            Write();
            Assert.That(System.IO.File.ReadAllText(File("a")), Is.EqualTo("A"));
        }
        else
            Assert.That(Write, Throws.InstanceOf<Exception>().With.Message.StartsWith(File("a")).And.Message.Contains(words).And.Message.Not.Contains(".tmp"));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(isThere ? 1 : 0));
    }

    [Test]
    public void A_failing_writer_leaves_a_file_that_must_be_written_in_place_as_it_was()
    {
        System.IO.File.WriteAllText(File("a"), "old");
        Assert.That(
            () => AtomicFile.Write(OutputTarget.Find(File("a")), overwrite: true, _ => throw new InvalidOperationException(), new Refusing(nameof(FileCalls.Create))),
            Throws.InvalidOperationException);
        Assert.That(System.IO.File.ReadAllText(File("a")), Is.EqualTo("old"));
    }

    private sealed class Refusing(string step) : FileCalls
    {
        public override FileStream OpenExisting(string path) => Refuse(nameof(OpenExisting)) ?? base.OpenExisting(path);

        public override FileStream Create(string path, bool isPrivate) => Refuse(nameof(Create)) ?? base.Create(path, isPrivate);

        public override bool TryChangeOwner(Microsoft.Win32.SafeHandles.SafeFileHandle file, FileStatus like) => step != nameof(TryChangeOwner) && base.TryChangeOwner(file, like);

        public override void CopyMode(Microsoft.Win32.SafeHandles.SafeFileHandle from, Microsoft.Win32.SafeHandles.SafeFileHandle to)
        {
            Refuse(nameof(CopyMode));
            base.CopyMode(from, to);
        }

        public override void Move(string from, string to, bool overwrite)
        {
            Refuse(nameof(Move));
            base.Move(from, to, overwrite);
        }

        public override void Overwrite(FileStream file, Stream content)
        {
            if (step.EndsWith(nameof(Overwrite), StringComparison.Ordinal))
                throw new IOException("Refused : '/x/.y.tmp'.");
            base.Overwrite(file, content);
        }

        public override string? WhyNotWritable(string path, bool isFolder) => step == nameof(WhyNotWritable) ? "refused" : base.WhyNotWritable(path, isFolder);

        private FileStream? Refuse(string at) => step.StartsWith(at, StringComparison.Ordinal) ? throw new IOException("Refused : '/x/.y.tmp'.") : null;
    }
}
