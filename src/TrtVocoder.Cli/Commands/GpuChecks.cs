using TrtVocoder.Bindings;
using TrtVocoder.Cli.Reporting;

namespace TrtVocoder.Cli.Commands;

/// <summary>What <c>doctor</c> says of the GPU path: driver, GPU, shim, TensorRT.</summary>
internal static class GpuChecks
{
    public static IEnumerable<DoctorCheck> All()
    {
        foreach (NativeLibraryInfo library in (NativeLibraryInfo[])[LibraryLoader.Cuda, LibraryLoader.Shim10, LibraryLoader.Shim11])
        {
            LoadResult result = LibraryLoader.TryLoad(library);
            yield return new DoctorCheck(library.DisplayName, IsRequired: false, result.Loaded, result.Describe());
        }
    }
}
