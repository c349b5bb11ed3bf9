using System.Text;

namespace TrtVocoder.Tests;

public sealed class FileContentTests
{
    [TestCase("", "empty")]
    [TestCase("version https://git-lfs.github.com/spec/v1\noid sha256:0", "git-lfs pointer")]
    [TestCase("\n<!DOCTYPE html><html>", "page of HTML")]
    [TestCase("<Error><Code>AccessDenied</Code>", "XML")]
    [TestCase("{\"metadata\":{},\"weight_map\":{}}", "index of sharded weights")]
    [TestCase("{\"a\":1}", "JSON text")]
    [TestCase("GGUF\u0003", "llama.cpp")]
    [TestCase("PK\u0003\u0004..........................mel/data.pkl", "file of torch.save")]
    [TestCase("PK\u0003\u0004..........................m/constants.pkl", "TorchScript")]
    [TestCase("PK\u0003\u0004..........................mel.npy", ".npz file")]
    [TestCase("fLaC", "FLAC")]
    [TestCase("ftrt", "TensorRT engine")]
    [TestCase("\u007fELF", "native library")]
    [TestCase("feature_extractor:\n  class_path: x", "config.yaml")]
    [TestCase("\0\0\0\0", "nothing but zeros")]
    public void A_wrong_file_is_named(string start, string expected) => Assert.That(FileContent.Describe(Encoding.UTF8.GetBytes(start)), Does.StartWith("; it is ").And.Contain(expected));

    [Test]
    public void What_tells_nothing_adds_nothing() => Assert.That(FileContent.Describe([1, 2, 3, 4], "x.onnx"), Is.Empty);
}
