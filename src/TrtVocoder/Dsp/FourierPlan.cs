using TrtVocoder.Bindings;

namespace TrtVocoder.Dsp;

/// <summary>
/// A transform of one size and kind on a buffer of four rows that lie <see cref="GetRowStride"/> apart: FFTW's where the machine has it, else
/// <see cref="ManagedTransform"/>. Safe for use by many threads, each with rows of its own.
/// </summary>
internal sealed unsafe class FourierPlan
{
    /// <summary>What <c>TRTV_FFTW_DIR</c> says to have the managed transform also where FFTW is.</summary>
    public const string WithoutFftw = "none";

    private readonly int _length;
    private readonly bool _isReal;
    private readonly nint _fftw;
    private readonly ManagedTransform? _managed;

    private FourierPlan(int length, bool isReal, bool useFftw)
    {
        (_length, _isReal) = (length, isReal);
        if (useFftw)
            _fftw = isReal ? FftwPlans.GetReal(length) : FftwPlans.GetBackward(length);
        else
            _managed = ManagedTransform.Get(length);
    }

    /// <summary>
    /// Whether FFTW does the transforms: where it can be loaded, or where <c>TRTV_FFTW_DIR</c> names the folder that it must be in.
    /// </summary>
    public static bool UsesFftw => Environment.GetEnvironmentVariable(LibraryLoader.Fftw.FolderVariable!) switch
    {
        WithoutFftw => false,
        null or "" => LibraryLoader.TryLoad(LibraryLoader.Fftw).Loaded,
        _ => true,
    };

    /// <summary>Distance in floats between two rows; leaves room for one vector past the end.</summary>
    public static int GetRowStride(int length) => AlignedBuffer.RoundUp(length + 16);

    /// <summary>
    /// A backward complex transform of <paramref name="length"/> points from rows 0 (real) and 1 (imaginary) to rows 2 and 3, not scaled.
    /// The input may be overwritten.
    /// </summary>
    /// <exception cref="NativeLibraryException">FFTW is not in the folder that the environment names, or cannot do it.</exception>
    public static FourierPlan GetBackward(int length, bool? useFftw = null) => new(length, isReal: false, useFftw ?? UsesFftw);

    /// <summary>
    /// A forward transform of <paramref name="length"/> real points in row 0 to rows 2 (real) and 3 (imaginary), of which the first half and one
    /// more are defined. Rows 0 and 1 may be overwritten.
    /// </summary>
    /// <exception cref="NativeLibraryException">FFTW is not in the folder that the environment names, or cannot do it.</exception>
    public static FourierPlan GetReal(int length, bool? useFftw = null) => new(length, isReal: true, useFftw ?? UsesFftw);

    /// <summary>Transforms the rows.</summary>
    public void Execute(float* rows, int stride)
    {
        float* row1 = rows + stride, row2 = row1 + stride, row3 = row2 + stride;
        if (_managed is null)
        {
            if (_isReal)
                Fftw.fftwf_execute_split_dft_r2c(_fftw, rows, row2, row3);
            else
                FftwPlans.ExecuteBackward(_fftw, rows, stride);
        }
        else if (_isReal)
        {
            new Span<float>(row1, _length).Clear();
            _managed.Execute(rows, row1, row2, row3);
        }
        else
        {
            // Backward, as real and imaginary parts are swapped on both sides.
            _managed.Execute(row1, rows, row3, row2);
        }
    }
}
