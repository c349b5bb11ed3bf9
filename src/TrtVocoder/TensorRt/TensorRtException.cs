namespace TrtVocoder.TensorRt;

/// <summary>A call of TensorRT failed. The message is one sentence with what to do; TensorRT's own words are in <see cref="Details"/>.</summary>
public sealed class TensorRtException : TrtVocoderException
{
    /// <summary>Creates the exception for one failure.</summary>
    /// <param name="message">The sentence for the user.</param>
    /// <param name="status">The shim's status, a negative <c>TRTV_*</c> number that never changes meaning.</param>
    /// <param name="details">What TensorRT itself said; may be empty.</param>
    public TensorRtException(string message, int status, string details)
        : base(message)
    {
        Status = status;
        Details = details;
    }

    /// <summary>The shim's status.</summary>
    public int Status { get; }

    /// <summary>What TensorRT itself said; may be empty.</summary>
    public string Details { get; }
}
