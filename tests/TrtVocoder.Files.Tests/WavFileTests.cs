using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Files.Tests;

public class WavFileTests
{
    private static WavAudio Read(byte[] file) => WavFile.Read(new MemoryStream(file), "x.wav");

    private static string Refusal(byte[] file) => Assert.Throws<DataFormatException>(() => Read(file))!.Message;

    private static byte[] Written(float[] samples, WavSampleFormat format, int channels = 1)
    {
        MemoryStream stream = new();
        WavFile.Write(stream, samples, channels, 24000, format);
        return stream.ToArray();
    }

    [TestCase(1, 8, new byte[] { 0, 64, 128, 192 }, new[] { -1f, -0.5f, 0f, 0.5f })]
    [TestCase(1, 16, new byte[] { 0, 0x80, 0, 0x40 }, new[] { -1f, 0.5f })]
    [TestCase(1, 24, new byte[] { 0, 0, 0x80, 0, 0, 0x20 }, new[] { -1f, 0.25f })]
    [TestCase(1, 32, new byte[] { 0, 0, 0, 0x80, 0, 0, 0, 0x40 }, new[] { -1f, 0.5f })]
    [TestCase(3, 32, new byte[] { 0, 0, 0, 0x3F, 0, 0, 0, 0xC0 }, new[] { 0.5f, -2f })]
    [TestCase(3, 64, new byte[] { 0, 0, 0, 0, 0, 0, 0xE0, 0x3F }, new[] { 0.5f })]
    public void Every_sample_format_is_read(int tag, int bits, byte[] data, float[] expected)
    {
        WavAudio audio = Read(new WavBytes().Format(tag, 1, 22050, bits).Chunk("data", data).ToArray());
        Assert.That(audio.Samples, Is.EqualTo(expected));
        Assert.That(audio.SampleRate, Is.EqualTo(22050));
        Assert.That(audio.Encoding, Does.StartWith(bits.ToString()));
    }

    [Test]
    public void Extensible_headers_are_read_with_valid_bits_in_the_upper_end()
    {
        WavAudio audio = Read(new WavBytes().Extensible(1, 1, 48000, 24, 20).Chunk("data", [0, 0, 0x40, 0x10, 0, 0]).ToArray());
        Assert.That(audio.Samples, Is.EqualTo(new[] { 0.5f, 16 / 8388608f }));
    }

    [Test]
    public void Stereo_is_kept_and_mixed_to_its_mean_on_demand()
    {
        WavAudio audio = Read(new WavBytes().Format(3, 2, 8000, 32).Chunk("data", [.. new[] { 0.5f, 0.25f, -1f, 1f }.SelectMany(BitConverter.GetBytes)]).ToArray());
        Assert.That((audio.ChannelCount, audio.Length, audio.DurationSeconds), Is.EqualTo((2, 2, 2 / 8000.0)));
        Assert.That(audio.ToMono(), Is.EqualTo(new[] { 0.375f, 0f }));
    }

    [Test]
    public void Chunks_of_odd_size_and_chunks_behind_the_samples_do_no_harm()
    {
        byte[] file = new WavBytes().Chunk("LIST", [1, 2, 3]).Format(1, 1, 24000, 8).Chunk("fact", [0, 0, 0, 0]).Chunk("data", [192]).Chunk("junk", [9]).ToArray();
        Assert.That(Read(file).Samples, Is.EqualTo(new[] { 0.5f }));
    }

    [TestCase(0xFFFFFFFFu, 0xFFFFFFFFu)]
    [TestCase(0u, 0u)]
    [TestCase(0x7FFFF024u, 0x7FFFF000u)]
    public void What_programs_write_into_pipes_is_read_to_its_end(uint riffSize, uint dataSize)
    {
        byte[] file = new WavBytes().Format(1, 1, 24000, 16).Chunk("data", [0, 0x40, 0, 0xC0], dataSize).ToArray(riffSize);
        Assert.That(WavFile.Read(WavBytes.Pipe(file), "pipe").Samples, Is.EqualTo(new[] { 0.5f, -0.5f }));
    }

    [Test]
    public void Rf64_tells_its_size_in_its_own_chunk()
    {
        byte[] sizes = [.. BitConverter.GetBytes(0L), .. BitConverter.GetBytes(4L), .. BitConverter.GetBytes(2L), 0, 0, 0, 0];
        byte[] file = new WavBytes().Chunk("ds64", sizes).Format(1, 1, 24000, 16).Chunk("data", [0, 0x40, 0, 0xC0], uint.MaxValue).Chunk("junk", [1, 2]).ToArray(uint.MaxValue, "RF64");
        Assert.That(Read(file).Samples, Is.EqualTo(new[] { 0.5f, -0.5f }));
    }

    [Test]
    public void A_truncated_file_says_how_much_is_missing()
    {
        byte[] file = Written(new float[100], WavSampleFormat.Pcm16);
        WavAudio cut = Read(file[..^50]);
        Assert.That((cut.Length, cut.Notes), Is.EqualTo((75, new[] { "x.wav: its header promises 200 bytes of samples, 150 are there; these are taken." })));
        Assert.That(Refusal(file[..44]), Is.EqualTo("x.wav is truncated: its data chunk should hold 200 bytes, 0 are there."));
        Assert.That(Refusal(file[..40]), Does.Contain("truncated"));
        Assert.That(Refusal(file[..20]), Does.Contain("truncated within its fmt chunk"));
    }

    // What programs leave that were ended before they could finish the header: AVAudioFile, arecord, RF64 writers.
    [TestCase("RIFF", 36u, 0u, false)]
    [TestCase("RIFF", 36u, uint.MaxValue, false)]
    [TestCase("RF64", uint.MaxValue, uint.MaxValue, true)]
    public void A_header_that_was_never_finished_gives_all_that_follows_and_a_note(string riff, uint riffSize, uint dataSize, bool hasEmptySizes)
    {
        WavBytes file = new();
        if (hasEmptySizes)
            file.Chunk("ds64", new byte[28]);
        byte[] samples = [0, 0x40, 0, 0xC0, 0, 0x20, 0, 0x10, 0, 0];
        WavAudio audio = Read(file.Format(1, 1, 24000, 16).Chunk("data", samples, dataSize).ToArray(riffSize, riff));
        Assert.That(audio.Samples, Is.EqualTo(new[] { 0.5f, -0.5f, 0.25f, 0.125f, 0 }));
        Assert.That(audio.Notes.Count, Is.EqualTo(riffSize == 36 ? 1 : 0));
    }

    [Test]
    public void An_empty_data_chunk_before_another_one_is_empty()
    {
        byte[] file = new WavBytes().Format(1, 1, 24000, 16).Chunk("data", []).Chunk("LIST", new byte[20]).ToArray();
        Assert.That(Read(file).Length, Is.Zero);
    }

    [TestCase(28)]
    [TestCase(44)]
    public void A_data_size_that_counts_the_header_is_noted_and_read(int excess)
    {
        WavAudio audio = Read(new WavBytes().Format(1, 1, 24000, 16).Chunk("data", [0, 0x40, 0, 0xC0], (uint)(4 + excess)).ToArray());
        Assert.That(audio.Samples, Is.EqualTo(new[] { 0.5f, -0.5f }));
        Assert.That(audio.Notes, Has.One.Contains($"promises {4 + excess} bytes"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void The_pad_byte_of_an_odd_chunk_may_lack(bool hasPad)
    {
        List<byte> file = [.. new WavBytes().Format(1, 1, 24000, 16).Chunk("LIST", "abc"u8.ToArray()).Chunk("data", [0, 0x40, 0, 0xC0]).ToArray()];
        if (!hasPad)
            file.RemoveAt(12 + 24 + 8 + 3);
        WavAudio audio = Read([.. file]);
        Assert.That(audio.Samples, Is.EqualTo(new[] { 0.5f, -0.5f }));
        Assert.That(audio.Notes.Count, Is.EqualTo(hasPad ? 0 : 1));
    }

    [Test]
    public void A_chunk_that_is_no_chunk_is_told_by_its_place()
    {
        byte[] file = new WavBytes().Format(1, 1, 24000, 16).Chunk("LIST", [1, 2, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1], 4).ToArray();
        Assert.That(Refusal(file), Does.Contain("no chunk begins at byte 48"));
    }

    // 24 bits in 4 bytes: at the upper end as the standard has it, at the lower end as ALSA has it, and 32 bits that are only called 24.
    [TestCase(new byte[] { 0, 0, 0, 0x40, 0, 0, 0, 0xC0 }, 0.5f, -0.5f)]
    [TestCase(new byte[] { 1, 0, 0x40, 0, 1, 0, 0xC0, 0xFF }, 0.5f + (1 / 8388608f), -0.5f + (1 / 8388608f))]
    [TestCase(new byte[] { 1, 0, 0, 0x40, 0, 0, 0, 0xC0 }, 0.5f, -0.5f)]
    public void Samples_may_lie_in_larger_containers(byte[] data, float first, float second)
    {
        byte[] file = new WavBytes().Format(1, 1, 24000, 24, blockAlign: 4).Chunk("data", data).ToArray();
        Assert.That(Read(file).Samples, Is.EqualTo(new[] { first, second }));
    }

    [Test]
    public void Foreign_files_are_told_by_name()
    {
        Assert.That(Refusal([]), Does.Contain("is not a WAV file"));
        Assert.That(Refusal([.. "fLaC"u8, .. new byte[50]]), Does.Contain("it is FLAC"));
        Assert.That(Refusal(new WavBytes().Format(6, 1, 8000, 8).Chunk("data", [1]).ToArray()), Does.Contain("A-law"));
        Assert.That(Refusal(new WavBytes().Format(0x55, 1, 8000, 0).ToArray()), Does.Contain("MPEG"));
    }

    [Test]
    public void Headers_that_contradict_themselves_are_refused()
    {
        Assert.That(Refusal(new WavBytes().Format(1, 0, 8000, 16).ToArray()), Does.Contain("0 channels"));
        Assert.That(Refusal(new WavBytes().Format(1, 1, 0, 16).ToArray()), Does.Contain("sample rate is 0 Hz"));
        Assert.That(Refusal(new WavBytes().Format(1, 2, 8000, 16, blockAlign: 2).ToArray()), Does.Contain("contradicts itself"));
        Assert.That(Refusal(new WavBytes().Format(3, 1, 8000, 16).ToArray()), Does.Contain("float samples of 16 bits"));
        Assert.That(Refusal(new WavBytes().Chunk("data", [1, 2]).ToArray()), Does.Contain("before any fmt chunk"));
        Assert.That(Refusal(new WavBytes().Format(3, 1, 8000, 32).Chunk("data", BitConverter.GetBytes(float.NaN)).ToArray()), Does.Contain("NaN at sample 0"));
    }

    [Test]
    public void A_forged_size_claims_no_memory()
    {
        byte[] file = new WavBytes().Format(1, 1, 24000, 16).Chunk("data", [0, 0], 0x7FFE_0000).ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(Read(file).Notes, Has.One.Contains("2147352576 bytes of samples, 2 are there"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
    }

    [TestCase(WavSampleFormat.Pcm16, 32768)]
    [TestCase(WavSampleFormat.Pcm24, 8388608)]
    public void Integers_are_rounded_to_nearest_and_come_back_exactly(WavSampleFormat format, int scale)
    {
        float[] samples = [0, 0.5f, -1f, 1.4f / scale, 1.6f / scale, -1.6f / scale, 2.5f / scale, 1f];
        float[] expected = [0, 0.5f, -1f, 1f / scale, 2f / scale, -2f / scale, 2f / scale, (scale - 1f) / scale];
        Assert.That(Read(Written(samples, format)).Samples, Is.EqualTo(expected));
    }

    [Test]
    public void Float_is_written_as_it_is_and_comes_back_bit_by_bit()
    {
        float[] samples = [0.1f, -3.25f, float.Epsilon, 1e30f];
        Assert.That(Read(Written(samples, WavSampleFormat.IeeeFloat)).Samples, Is.EqualTo(samples));
    }

    [Test]
    public void Samples_beyond_full_scale_are_counted_and_clipped()
    {
        MemoryStream stream = new();
        Assert.That(WavFile.Write(stream, [1f, 1.01f, -5f, -1f], 1, 24000, WavSampleFormat.Pcm16), Is.EqualTo(2));
        Assert.That(Read(stream.ToArray()).Samples, Is.EqualTo(new[] { 32767 / 32768f, 32767 / 32768f, -1f, -1f }));
        Assert.That(WavFile.Write(new MemoryStream(), [5f], 1, 24000, WavSampleFormat.IeeeFloat), Is.Zero);
    }

    [Test]
    public void Not_a_number_is_never_written() =>
        Assert.That(() => WavFile.Write(new MemoryStream(), [0f, float.NaN], 1, 24000, WavSampleFormat.IeeeFloat), Throws.TypeOf<DataFormatException>());

    [Test]
    public void Odd_sized_data_ends_in_a_pad_byte_and_sizes_agree()
    {
        byte[] file = Written([0.5f], WavSampleFormat.Pcm24);
        Assert.That(file, Has.Length.EqualTo(44 + 4));
        Assert.That(BitConverter.ToUInt32(file, 4), Is.EqualTo(file.Length - 8));
        Assert.That(BitConverter.ToUInt32(file, 40), Is.EqualTo(3));
    }

    [Test]
    public void The_bundled_clip_is_24_kHz_mono()
    {
        WavAudio clip = WavFile.Read(TestPaths.Models("vocos-demo", "speech.wav"));
        Assert.That((clip.SampleRate, clip.ChannelCount), Is.EqualTo((24000, 1)));
        Assert.That(clip.Samples.Max(Math.Abs), Is.InRange(0.05f, 1f));
    }

    [Test]
    public void No_damaged_file_does_worse_than_be_refused()
    {
        byte[] good = new WavBytes().Chunk("LIST", [1, 2, 3]).Extensible(1, 2, 48000, 24, 24).Chunk("data", new byte[60]).ToArray();
        Prop.ForAll(ArbMap.Default.ArbFor<(int, byte, int)>(), change =>
        {
            byte[] file = [.. good];
            file[(int)((uint)change.Item1 % file.Length)] = change.Item2;
            file = file[..(int)((uint)change.Item3 % (file.Length + 1))];
            try
            {
                WavAudio audio = WavFile.Read(WavBytes.Pipe(file), "x.wav");
                return audio.Samples.Length <= file.Length;
            }
            catch (DataFormatException error)
            {
                return error.Message.Length > 0;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Test]
    public async Task A_file_written_asynchronously_or_in_parts_is_the_file_written_at_once()
    {
        float[] samples = [.. Enumerable.Range(0, 20_001).Select(i => MathF.Sin(0.01f * i) * 1.2f)];
        foreach (WavSampleFormat format in Enum.GetValues<WavSampleFormat>())
        {
            MemoryStream whole = new(), later = new();
            int clipped = WavFile.Write(whole, samples, 1, 24000, format);
            int clippedLater = await WavFile.WriteAsync(later, samples, 1, 24000, format);
            ArrayBufferWriter<byte> parts = new();
            WavFile.WriteHeader(parts, 1, 24000, format, samples.Length);
            int clippedInParts = 0;
            for (int first = 0; first < samples.Length; first += 777)
                clippedInParts += WavFile.WriteSamples(parts, samples.AsSpan(first, Math.Min(777, samples.Length - first)), format);

            Assert.That(later.ToArray(), Is.EqualTo(whole.ToArray()));
            Assert.That(parts.WrittenSpan.SequenceEqual(whole.ToArray().AsSpan(0, parts.WrittenCount)), "but for the pad byte");
            Assert.That(whole.Length - parts.WrittenCount, Is.EqualTo(format == WavSampleFormat.Pcm24 ? 1 : 0));
            Assert.That((clippedLater, clippedInParts), Is.EqualTo((clipped, clipped)));
        }
    }

    [Test]
    public void A_file_of_unknown_length_is_read_to_its_end()
    {
        float[] samples = [0.5f, -0.25f, 0.125f];
        ArrayBufferWriter<byte> bytes = new();

        WavFile.WriteHeader(bytes, 1, 24000, WavSampleFormat.Pcm16);
        WavFile.WriteSamples(bytes, samples, WavSampleFormat.Pcm16);

        Assert.That(WavFile.Read(new MemoryStream(bytes.WrittenSpan.ToArray()), "x.wav").Samples, Is.EqualTo(samples));
        int before = bytes.WrittenCount;
        Assert.That(() => WavFile.WriteSamples(bytes, [1, float.NaN], WavSampleFormat.Pcm16), Throws.TypeOf<DataFormatException>());
        Assert.That(bytes.WrittenCount, Is.EqualTo(before));
    }
}
