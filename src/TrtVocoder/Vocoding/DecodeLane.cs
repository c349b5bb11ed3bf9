using TrtVocoder.Decoding;

namespace TrtVocoder.Vocoding;

/// <summary>A decoder of a session, and the run that it is at work on.</summary>
internal sealed class DecodeLane(IDecoder decoder)
{
    public IDecoder Decoder { get; } = decoder;

    /// <summary>Whether a run was started and not finished.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>The first item of the run.</summary>
    public int Item { get; private set; }

    /// <summary>Items of the run.</summary>
    public int Items { get; private set; }

    /// <summary>Where the run's window begins, in frames of the input.</summary>
    public int Start { get; private set; }

    /// <summary>Where the part begins that the run gives: frames of a spectrum, samples of a waveform, counted in the whole input.</summary>
    public int Begin { get; private set; }

    /// <summary>Where that part ends.</summary>
    public int End { get; private set; }

    /// <summary>Starts the run of a window on what was written to the decoder's mel.</summary>
    public void StartRun(int item, int items, WindowCursor window)
    {
        (Item, Items, Start, Begin, End) = (item, items, window.Start, window.Begin, window.End);
        Decoder.Start();
        IsBusy = true;
    }

    /// <summary>Waits for the run.</summary>
    public DecoderOutput Finish()
    {
        IsBusy = false;
        return Decoder.Finish();
    }

    /// <summary>After a failure elsewhere: waits for a run whose result nobody wants.</summary>
    public void Abandon()
    {
        if (!IsBusy)
            return;
        try
        {
            Finish();
        }
        catch (TrtVocoderException)
        {
            // The first failure is what the caller must hear of.
        }
    }
}
