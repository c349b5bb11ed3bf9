using System.Collections.Concurrent;
using System.Runtime.Intrinsics;

namespace TrtVocoder.Dsp;

/// <summary>
/// A forward complex Fourier transform of split arrays in managed code, for machines without FFTW: Stockham's self-sorting form with the radices
/// 4, 2, 3 and 5, four butterflies a vector, and plain sums, in double, for other prime factors. Tables only: safe for use by many threads.
/// </summary>
internal sealed unsafe class ManagedTransform
{
    // Lanes of Vector128<float>, which every processor in question has.
    private const int Lanes = 4;

    private const int MostVectorRadix = 5;

    private static readonly ConcurrentDictionary<int, ManagedTransform> Made = new();

    private readonly int _length;
    private readonly Stage[] _stages;

    private ManagedTransform(int length)
    {
        _length = length;
        List<Stage> stages = [];
        int rest = length, stride = 1;
        foreach (int radix in GetFactors(length))
        {
            stages.Add(new Stage(radix, rest, stride));
            rest /= radix;
            stride *= radix;
        }
        _stages = [.. stages];
    }

    private interface IButterfly
    {
        /// <summary>The transform of as many points as there are, in place.</summary>
        static abstract void Run(Vector128<float>* re, Vector128<float>* im);
    }

    /// <summary>The transform of a length, made once.</summary>
    public static ManagedTransform Get(int length) => Made.GetOrAdd(length, static length => new ManagedTransform(length));

    /// <summary>
    /// Transforms, not scaled. The input is overwritten. Each array has room for three floats more than the length.
    /// </summary>
    public void Execute(float* realIn, float* imagIn, float* realOut, float* imagOut)
    {
        float* re = realIn, im = imagIn, toRe = realOut, toIm = imagOut;
        foreach (Stage stage in _stages)
        {
            switch (stage.Radix)
            {
                case 2:
                    Run<Radix2>(stage, re, im, toRe, toIm);
                    break;
                case 3:
                    Run<Radix3>(stage, re, im, toRe, toIm);
                    break;
                case 4:
                    Run<Radix4>(stage, re, im, toRe, toIm);
                    break;
                case 5:
                    Run<Radix5>(stage, re, im, toRe, toIm);
                    break;
                default:
                    RunSums(stage, re, im, toRe, toIm);
                    break;
            }
            float* otherRe = re, otherIm = im;
            re = toRe;
            im = toIm;
            toRe = otherRe;
            toIm = otherIm;
        }
        if (re != realOut)
        {
            new ReadOnlySpan<float>(re, _length).CopyTo(new Span<float>(realOut, _length));
            new ReadOnlySpan<float>(im, _length).CopyTo(new Span<float>(imagOut, _length));
        }
    }

    // Fours first: from then on strides are whole vectors.
    private static List<int> GetFactors(int length)
    {
        List<int> factors = [];
        for (; length % 4 == 0; length /= 4)
            factors.Add(4);
        for (int factor = 2; length > 1; factor++)
            for (; length % factor == 0; length /= factor)
                factors.Add(factor);
        return factors;
    }

    /// <summary>
    /// to[q + s(r·p + j)] = w^(j·p) Σ_k from[q + s(p + k·m)] e^(−2πi·jk/r) for p &lt; m and q &lt; s: four values of q at once, or of p where s is 1.
    /// Lanes past the last are computed of whatever lies there, and not stored.
    /// </summary>
    private static void Run<TButterfly>(Stage stage, float* re, float* im, float* toRe, float* toIm)
        where TButterfly : struct, IButterfly
    {
        Vector128<float>* a = stackalloc Vector128<float>[MostVectorRadix];
        Vector128<float>* b = stackalloc Vector128<float>[MostVectorRadix];
        (int radix, int groups, int stride) = (stage.Radix, stage.Groups, stage.Stride);
        (int pStep, int pLanes) = stride == 1 ? (Lanes, 1) : (1, 0);
        for (int p = 0; p < groups; p += pStep)
        {
            for (int q = 0; q < stride; q += Lanes)
            {
                int from = q + (stride * p);
                for (int k = 0; k < radix; k++)
                {
                    a[k] = Vector128.Load(re + from + (k * stride * groups));
                    b[k] = Vector128.Load(im + from + (k * stride * groups));
                }
                TButterfly.Run(a, b);
                int to = q + (stride * radix * p);
                for (int j = 0; j < radix; j++)
                {
                    (Vector128<float> x, Vector128<float> y) = (a[j], b[j]);
                    if (j > 0)
                    {
                        Vector128<float> c = stage.GetCosines(j, p, pLanes), s = stage.GetSines(j, p, pLanes);
                        (x, y) = ((x * c) - (y * s), (x * s) + (y * c));
                    }
                    if (stride == 1)
                    {
                        Store(x, toRe + to + j, radix, groups - p);
                        Store(y, toIm + to + j, radix, groups - p);
                    }
                    else
                    {
                        Store(x, toRe + to + (j * stride), 1, stride - q);
                        Store(y, toIm + to + (j * stride), 1, stride - q);
                    }
                }
            }
        }
    }

    private static void Store(Vector128<float> values, float* target, int step, int count)
    {
        if (step == 1 && count >= Lanes)
        {
            values.Store(target);
            return;
        }
        for (int lane = 0; lane < Math.Min(Lanes, count); lane++)
            target[lane * step] = values.GetElement(lane);
    }

    private static void RunSums(Stage stage, float* re, float* im, float* toRe, float* toIm)
    {
        (int radix, int groups, int stride) = (stage.Radix, stage.Groups, stage.Stride);
        for (int p = 0; p < groups; p++)
        {
            for (int j = 0; j < radix; j++)
            {
                long length = (long)radix * groups;
                (double twiddleSine, double twiddleCosine) = Math.SinCos(-2 * Math.PI * ((long)j * p % length) / length);
                for (int q = 0; q < stride; q++)
                {
                    double x = 0, y = 0;
                    for (int k = 0; k < radix; k++)
                    {
                        int from = q + (stride * (p + (k * groups)));
                        (double cosine, double sine) = stage.Roots[(int)((long)j * k % radix)];
                        x += (re[from] * cosine) - (im[from] * sine);
                        y += (re[from] * sine) + (im[from] * cosine);
                    }
                    int to = q + (stride * ((radix * p) + j));
                    toRe[to] = (float)((x * twiddleCosine) - (y * twiddleSine));
                    toIm[to] = (float)((x * twiddleSine) + (y * twiddleCosine));
                }
            }
        }
    }

    /// <summary>One pass over the data, with its twiddle factors.</summary>
    private sealed class Stage
    {
        private readonly float[] _cosines = [];
        private readonly float[] _sines = [];
        private readonly int _row;

        /// <param name="radix">Points of a butterfly.</param>
        /// <param name="length">Points that are yet to be transformed together.</param>
        /// <param name="stride">Transforms of that length side by side.</param>
        public Stage(int radix, int length, int stride)
        {
            (Radix, Groups, Stride) = (radix, length / radix, stride);
            if (radix > MostVectorRadix)
            {
                Roots = [.. Enumerable.Range(0, radix).Select(k => (Math.Cos(2 * Math.PI * k / radix), -Math.Sin(2 * Math.PI * k / radix)))];
                return;
            }
            _row = Groups + Lanes;
            _cosines = new float[radix * _row];
            _sines = new float[radix * _row];
            for (int j = 0; j < radix; j++)
                for (int p = 0; p < Groups; p++)
                    (_sines[(j * _row) + p], _cosines[(j * _row) + p]) = ToSingle(Math.SinCos(-2 * Math.PI * ((long)j * p) / length));
        }

        public int Radix { get; }

        public int Groups { get; }

        public int Stride { get; }

        /// <summary>e^(−2πi·k/radix), of radices without a butterfly.</summary>
        public (double Cosine, double Sine)[] Roots { get; } = [];

        public Vector128<float> GetCosines(int j, int p, int lanes) => Get(_cosines, j, p, lanes);

        public Vector128<float> GetSines(int j, int p, int lanes) => Get(_sines, j, p, lanes);

        // Those of p, p + 1, … where lanes count them, else of p in every lane.
        private Vector128<float> Get(float[] table, int j, int p, int lanes)
        {
            ref float first = ref table[(j * _row) + p];
            return lanes == 0 ? Vector128.Create(first) : Vector128.LoadUnsafe(ref first);
        }

        private static (float, float) ToSingle((double Sine, double Cosine) root) => ((float)root.Sine, (float)root.Cosine);
    }

    private readonly struct Radix2 : IButterfly
    {
        public static void Run(Vector128<float>* re, Vector128<float>* im)
        {
            (re[0], re[1]) = (re[0] + re[1], re[0] - re[1]);
            (im[0], im[1]) = (im[0] + im[1], im[0] - im[1]);
        }
    }

    private readonly struct Radix3 : IButterfly
    {
        public static void Run(Vector128<float>* re, Vector128<float>* im)
        {
            const float Sine = 0.8660254037844386f;
            (Vector128<float> sumRe, Vector128<float> sumIm) = (re[1] + re[2], im[1] + im[2]);
            (Vector128<float> oddRe, Vector128<float> oddIm) = ((re[1] - re[2]) * Sine, (im[1] - im[2]) * Sine);
            (Vector128<float> evenRe, Vector128<float> evenIm) = (re[0] - (sumRe * 0.5f), im[0] - (sumIm * 0.5f));
            (re[0], im[0]) = (re[0] + sumRe, im[0] + sumIm);
            (re[1], im[1]) = (evenRe + oddIm, evenIm - oddRe);
            (re[2], im[2]) = (evenRe - oddIm, evenIm + oddRe);
        }
    }

    private readonly struct Radix4 : IButterfly
    {
        public static void Run(Vector128<float>* re, Vector128<float>* im)
        {
            (Vector128<float> aRe, Vector128<float> aIm) = (re[0] + re[2], im[0] + im[2]);
            (Vector128<float> bRe, Vector128<float> bIm) = (re[0] - re[2], im[0] - im[2]);
            (Vector128<float> cRe, Vector128<float> cIm) = (re[1] + re[3], im[1] + im[3]);
            (Vector128<float> dRe, Vector128<float> dIm) = (re[1] - re[3], im[1] - im[3]);
            (re[0], im[0]) = (aRe + cRe, aIm + cIm);
            (re[1], im[1]) = (bRe + dIm, bIm - dRe);
            (re[2], im[2]) = (aRe - cRe, aIm - cIm);
            (re[3], im[3]) = (bRe - dIm, bIm + dRe);
        }
    }

    private readonly struct Radix5 : IButterfly
    {
        public static void Run(Vector128<float>* re, Vector128<float>* im)
        {
            const float Cosine1 = 0.30901699437494745f, Cosine2 = -0.8090169943749473f;
            const float Sine1 = 0.9510565162951535f, Sine2 = 0.5877852522924732f;
            (Vector128<float> sum1Re, Vector128<float> sum1Im) = (re[1] + re[4], im[1] + im[4]);
            (Vector128<float> sum2Re, Vector128<float> sum2Im) = (re[2] + re[3], im[2] + im[3]);
            (Vector128<float> odd1Re, Vector128<float> odd1Im) = (re[1] - re[4], im[1] - im[4]);
            (Vector128<float> odd2Re, Vector128<float> odd2Im) = (re[2] - re[3], im[2] - im[3]);
            Vector128<float> even1Re = re[0] + (sum1Re * Cosine1) + (sum2Re * Cosine2);
            Vector128<float> even1Im = im[0] + (sum1Im * Cosine1) + (sum2Im * Cosine2);
            Vector128<float> even2Re = re[0] + (sum1Re * Cosine2) + (sum2Re * Cosine1);
            Vector128<float> even2Im = im[0] + (sum1Im * Cosine2) + (sum2Im * Cosine1);
            Vector128<float> turned1Re = (odd1Re * Sine1) + (odd2Re * Sine2), turned1Im = (odd1Im * Sine1) + (odd2Im * Sine2);
            Vector128<float> turned2Re = (odd1Re * Sine2) - (odd2Re * Sine1), turned2Im = (odd1Im * Sine2) - (odd2Im * Sine1);
            (re[0], im[0]) = (re[0] + sum1Re + sum2Re, im[0] + sum1Im + sum2Im);
            (re[1], im[1]) = (even1Re + turned1Im, even1Im - turned1Re);
            (re[2], im[2]) = (even2Re + turned2Im, even2Im - turned2Re);
            (re[3], im[3]) = (even2Re - turned2Im, even2Im + turned2Re);
            (re[4], im[4]) = (even1Re - turned1Im, even1Im + turned1Re);
        }
    }
}
