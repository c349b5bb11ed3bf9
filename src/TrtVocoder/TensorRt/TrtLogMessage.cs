namespace TrtVocoder.TensorRt;

/// <summary>A line of TensorRT's log.</summary>
/// <param name="Severity">How grave it is.</param>
/// <param name="Source">Who says it: <c>TensorRT</c> or <c>trtvocoder</c>.</param>
/// <param name="Text">What.</param>
public sealed record TrtLogMessage(TrtLogSeverity Severity, string Source, string Text);
