namespace TrtVocoder.Dsp;

/// <summary>
/// The scratch memory and the inner loop of the inverse STFT for one thread. It computes a range of output positions from all frames that
/// touch it, in pairs of an even and the following odd frame of the utterance, so the samples do not depend on how ranges are cut.
/// </summary>
internal sealed unsafe class InverseStftWorker : IDisposable
{
    // One cache line of a bins-major row.
    private const int BlockFrames = 16;

    private readonly StftParameters _parameters;
    private readonly nint _plan;
    private readonly int _fftStride;
    private readonly int _rowStride;
    private readonly AlignedBuffer _fft;
    private readonly AlignedBuffer _silence;
    private readonly nint _planeStride;
    private AlignedBuffer? _block;
    private int _blockLength;
    private int _blockFirst;
    private int _blockCount;

    public InverseStftWorker(StftParameters parameters)
    {
        _parameters = parameters;
        _plan = FftwPlans.GetBackward(parameters.FftLength);
        _fftStride = FftwPlans.GetRowStride(parameters.FftLength);
        _rowStride = AlignedBuffer.RoundUp(parameters.BinCount) + 16;
        _planeStride = (nint)BlockFrames * _rowStride;
        _fft = new AlignedBuffer(4 * _fftStride);
        _silence = new AlignedBuffer(parameters.BinCount);
    }

    public void Dispose()
    {
        _fft.Dispose();
        _silence.Dispose();
        _block?.Dispose();
    }

    /// <summary>
    /// Adds the job's frames to the positions [<paramref name="begin"/>, <paramref name="end"/>) and normalises those that are then
    /// complete.
    /// </summary>
    public void Run(in InverseStftJob job, long begin, long end)
    {
        (int length, int hop) = (_parameters.FftLength, _parameters.HopLength);
        int firstFrame = (int)Math.Max(job.FirstFrame, begin < length ? 0 : ((begin - length) / hop) + 1);
        int endFrame = (int)Math.Min(job.EndFrame, (end + hop - 1) / hop);
        _blockCount = 0;

        float* zr = _fft.Pointer;
        float* zi = zr + _fftStride;
        float* even = zi + _fftStride;
        float* odd = even + _fftStride;
        for (int frame = firstFrame & ~1; frame < endFrame; frame += 2)
        {
            if (job.Layout == SpectrumLayout.BinsMajor)
                GatherPair(job, frame);
            GetRows(job, frame, out float* re1, out float* im1);
            GetRows(job, frame + 1, out float* re2, out float* im2);
            FramePair.Pack(re1, im1, re2, im2, length, zr, zi);
            FftwPlans.ExecuteBackward(_plan, zr, _fftStride);
            if (job.Contains(frame))
                OverlapAdd(job, frame, even, begin, end);
            if (job.Contains(frame + 1))
                OverlapAdd(job, frame + 1, odd, begin, end);
        }
        Normalize(job, begin, end);
    }

    private void GetRows(in InverseStftJob job, int frame, out float* re, out float* im)
    {
        if (!job.Contains(frame))
        {
            re = im = _silence.Pointer;
            return;
        }
        int stored = job.StoredFirst + frame - job.FirstFrame;
        if (job.Layout == SpectrumLayout.FrameMajor)
        {
            nint offset = (nint)stored * _parameters.BinCount;
            re = job.First + offset;
            im = job.Second + offset;
            if (job.Form == SpectrumForm.RealImaginary)
                return;
            re = GetBlock(job.Form) + ((frame & 1) * _rowStride);
            im = re + _planeStride;
            SpectrumPlanes.ToRectangular(
                job.Form, job.First + offset, job.Second + offset, job.Third + offset, _parameters.BinCount, re, im);
            return;
        }

        re = _block!.Pointer + ((nint)(stored - _blockFirst) * _rowStride);
        im = re + _planeStride;
    }

    /// <summary>Makes sure that both frames of a pair are in the block, as far as the job has them.</summary>
    private void GatherPair(in InverseStftJob job, int frame)
    {
        int offset = job.StoredFirst - job.FirstFrame;
        int stored = offset + Math.Max(frame, job.FirstFrame);
        int last = offset + Math.Min(frame + 1, job.EndFrame - 1);
        if (stored >= _blockFirst && last < _blockFirst + _blockCount)
            return;
        _blockFirst = Math.Min(stored, Math.Max(0, job.StoredFrames - BlockFrames));
        _blockCount = Math.Min(BlockFrames, job.StoredFrames);
        float* target = GetBlock(job.Form);
        Gather(job, job.First, target);
        Gather(job, job.Second, target + _planeStride);
        if (job.Form == SpectrumForm.RealImaginary)
            return;
        if (job.Third != null)
            Gather(job, job.Third, target + (2 * _planeStride));
        for (int row = 0; row < _blockCount; row++)
        {
            float* re = target + ((nint)row * _rowStride);
            float* im = re + _planeStride;
            SpectrumPlanes.ToRectangular(job.Form, re, im, im + _planeStride, _parameters.BinCount, re, im);
        }
    }

    private void Gather(in InverseStftJob job, float* plane, float* target) =>
        Transposition.ToFrameMajor(plane + _blockFirst, job.StoredFrames, _parameters.BinCount, _blockCount, target, _rowStride);

    private float* GetBlock(SpectrumForm form)
    {
        int length = SpectrumPlanes.Count(form) * (int)_planeStride;
        if (_block is null || _blockLength < length)
        {
            _block?.Dispose();
            _block = new AlignedBuffer(length);
            _blockLength = length;
        }
        return _block.Pointer;
    }

    private void OverlapAdd(in InverseStftJob job, int frame, float* samples, long begin, long end)
    {
        long start = (long)frame * _parameters.HopLength;
        long low = Math.Max(begin, start);
        long high = Math.Min(end, start + _parameters.FftLength);

        // Nobody wrote to a frame's last hop before, nor to anything before the first frame: that part is stored, so nothing need be
        // cleared.
        long split = frame == 0 ? low : Math.Clamp(start + _parameters.FftLength - _parameters.HopLength, low, Math.Max(low, high));
        if (split > low)
        {
            long n = low - start;
            VectorKernels.MultiplyAdd(job.Audio + (low - _parameters.TrimLength), samples + n, job.Window + n, (int)(split - low));
        }
        if (high > split)
        {
            long n = split - start;
            VectorKernels.Multiply(job.Audio + (split - _parameters.TrimLength), samples + n, job.Window + n, (int)(high - split));
        }
    }

    /// <summary>
    /// Corrects the ends of the utterance, where the envelope is smaller than in the interior that the window is scaled for.
    /// </summary>
    private void Normalize(in InverseStftJob job, long begin, long end)
    {
        int hop = _parameters.HopLength;
        long finalBegin = Math.Max(begin, (long)job.FirstFrame * hop);
        long finalEnd = job.EndFrame == job.TotalFrames ? end : Math.Min(end, (long)job.EndFrame * hop);

        // The head's factors count from the trim length, where the kept part begins.
        Scale(job, finalBegin, Math.Min(finalEnd, job.HeadEnd), job.Head, _parameters.TrimLength);
        long tail = (long)job.TotalFrames * hop;
        Scale(job, Math.Max(finalBegin, Math.Max(tail, job.HeadEnd)), finalEnd, job.Tail, tail);
    }

    private void Scale(in InverseStftJob job, long from, long to, float* factors, long factorsBegin)
    {
        if (to <= from)
            return;
        float* samples = job.Audio + (from - _parameters.TrimLength);
        VectorKernels.Multiply(samples, samples, factors + (from - factorsBegin), (int)(to - from));
    }
}
