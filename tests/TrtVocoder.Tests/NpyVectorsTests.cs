using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests;

public sealed class NpyVectorsTests
{
    [Test]
    public void Fortran_order_on_disk_is_C_order_in_memory()
    {
        // The short clip's mel is stored in Fortran order: 3 frames of 100 bands, so band 0's frames are not neighbours on disk.
        string path = TestPaths.Data("golden", "features", "short700.center.floor1e-7.mel.npy");
        (int[] shape, float[] values) = NpyVectors.Read(path);
        byte[] file = File.ReadAllBytes(path);
        Assert.Multiple(() =>
        {
            Assert.That(shape, Is.EqualTo(new[] { 1, 100, 3 }));
            Assert.That(values[1], Is.EqualTo(BitConverter.ToSingle(file, 128 + (100 * sizeof(float)))));
            Assert.That(values[3], Is.EqualTo(BitConverter.ToSingle(file, 128 + (1 * sizeof(float)))));
        });
    }
}
