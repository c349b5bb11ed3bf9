using TrtVocoder.Cuda;
using TrtVocoder.TensorRt;

namespace TrtVocoder.Tests.TensorRt;

public class TrtTensorBufferTests : SimulatedGpu
{
    [Test]
    public void Values_come_back_as_the_tensors_type_holds_them([Values(TrtDataType.Float, TrtDataType.Half)] TrtDataType type, [Values] bool isMapped)
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using CudaStream stream = CudaStream.Create(context);
        using TrtTensorBuffer buffer = new(new TrtTensor("x", isInput: true, type, isOnHost: false, isLinear: true, "", [1, 3, 7]), isMapped);
        Assert.That(buffer.Reserve(context, 21), Is.True);
        Assert.That(buffer.Reserve(context, 20), Is.False);
        float[] sent = [.. Enumerable.Range(0, 21).Select(i => 0.1f * i)];
        sent.CopyTo(buffer.GetValues(21));
        buffer.Send(21);
        buffer.Upload(stream, 21);
        stream.Synchronize();
        buffer.GetValues(21).Clear();
        buffer.Download(stream, 21);
        stream.Synchronize();
        buffer.Receive(21);
        // A mapped FP32 buffer has no second copy to come back from.
        float[] expected = type == TrtDataType.Half ? [.. sent.Select(value => (float)(Half)value)] : isMapped ? new float[21] : sent;
        Assert.That(buffer.GetValues(21).ToArray(), Is.EqualTo(expected));
    }
}
