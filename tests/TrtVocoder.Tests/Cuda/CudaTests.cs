using TrtVocoder.Cuda;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Tests.Cuda;

public class CudaTests : SimulatedGpu
{
    [Test]
    public void A_device_tells_what_it_is()
    {
        CudaDevice device = CudaDevice.Get();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(CudaDevice.GetCount(), Is.EqualTo(1));
            Assert.That(device.Name, Is.EqualTo("Simulated GPU"));
            Assert.That(device.ComputeCapability, Is.EqualTo(new Version(8, 9)));
            Assert.That(device.MemoryBytes, Is.EqualTo(4096L << 20));
            Assert.That(device.IsIntegrated, Is.False);
            Assert.That(CudaDevice.GetDriverVersion(), Is.EqualTo(new Version(12, 6)));
            Assert.That(device.ToString(), Is.EqualTo("Simulated GPU (compute capability 8.9, 4 GiB)"));
        }
    }

    [Test]
    public void A_driver_without_a_GPU_is_one_sentence()
    {
        Simulator.Set("devices", "0");
        Assert.That(
            () => CudaDevice.Get(),
            Throws.TypeOf<CudaException>().With.Message.Contains("the NVIDIA driver is installed but there is no GPU").And.Property("Code").EqualTo(100));
    }

    [Test]
    public void A_device_number_out_of_range_says_how_many_there_are() =>
        Assert.That(() => CudaDevice.Get(1), Throws.TypeOf<CudaException>().With.Message.Contains("There is no GPU 1: this machine has 1"));

    [Test]
    public void Values_travel_there_and_back()
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using CudaStream stream = CudaStream.Create(context);
        using PinnedBuffer<float> from = new(context, 1000);
        using PinnedBuffer<float> to = new(context, 1000);
        using DeviceBuffer<float> first = new(context, 1000);
        using DeviceBuffer<float> second = new(context, 1000);
        for (int i = 0; i < from.Length; i++)
            from.Span[i] = i;
        stream.Copy(from, first, 1000);
        stream.Copy(first, second, 1000);
        stream.Copy(second, to, 1000);
        stream.Synchronize();
        Assert.That(to.Span.SequenceEqual(from.Span));
        Assert.That(stream.IsIdle);
        Assert.That((long)first.Address % 256, Is.Zero);
        Assert.That(Simulator.Count("pageable_copies"), Is.Zero);
        Assert.That(() => stream.Copy(from, first, 1001), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_graph_replays_its_copies()
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using CudaStream stream = CudaStream.Create(context);
        using PinnedBuffer<int> from = new(context, 4);
        using PinnedBuffer<int> to = new(context, 4);
        using DeviceBuffer<int> device = new(context, 4);
        using CudaGraph graph = CudaGraph.Capture(stream, () =>
        {
            stream.Copy(from, device, 4);
            stream.Copy(device, to, 4);
        });
        from.Span.Fill(7);
        graph.Upload(stream);
        graph.Launch(stream);
        stream.Synchronize();
        Assert.That(to.Span.ToArray(), Is.All.EqualTo(7));
    }

    [Test]
    public void A_capture_that_throws_leaves_the_stream_usable()
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using CudaStream stream = CudaStream.Create(context);
        Assert.That(() => CudaGraph.Capture(stream, () => throw new InvalidOperationException("mine")), Throws.InvalidOperationException.With.Message.EqualTo("mine"));
        stream.Synchronize();
    }

    [Test]
    public void Events_mark_and_measure()
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using CudaStream stream = CudaStream.Create(context);
        using CudaStream other = CudaStream.Create(context);
        using CudaEvent start = CudaEvent.Create(context);
        using CudaEvent end = CudaEvent.Create(context);
        using CudaEvent untimed = CudaEvent.Create(context, isTimed: false);
        start.Record(stream);
        end.Record(stream);
        untimed.Record(stream);
        other.WaitFor(untimed);
        end.Synchronize();
        Assert.That(end.IsReached);
        Assert.That(end.GetElapsedMs(start), Is.GreaterThanOrEqualTo(0));
        stream.Synchronize();
        Assert.That(() => untimed.GetElapsedMs(start), Throws.TypeOf<CudaException>());
    }

    [Test]
    public void Mapped_memory_is_seen_by_both_sides()
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using PinnedBuffer<float> mapped = new(context, 10, isMapped: true);
        mapped.Span[3] = 1;
        Assert.That(mapped.DeviceAddress, Is.Not.Zero);
        Assert.That(mapped.Span[3], Is.EqualTo(1));
    }

    [Test]
    public void Any_order_of_disposal_is_fine_and_twice_too([Range(0, 23)] int order)
    {
        CudaContext context = CudaContext.Retain(CudaDevice.Get());
        CudaStream stream = CudaStream.Create(context);
        DeviceBuffer<float> device = new(context, 10);
        PinnedBuffer<float> pinned = new(context, 10);
        List<IDisposable> all = [context, stream, device, pinned];
        while (all.Count > 0)
        {
            int next = order % all.Count;
            order /= Math.Max(1, all.Count);
            all[next].Dispose();
            all[next].Dispose();
            all.RemoveAt(next);
        }
        Assert.That(Simulator.Count("context_references"), Is.Zero);
    }

    [Test]
    public void A_stream_works_on_after_its_context_object_is_disposed_of_and_not_after_its_own()
    {
        CudaContext context = CudaContext.Retain(CudaDevice.Get());
        CudaStream stream = CudaStream.Create(context);
        context.Dispose();
        stream.Synchronize();
        stream.Dispose();
        Assert.That(stream.Synchronize, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => CudaStream.Create(context), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void What_is_forgotten_is_freed_by_its_finalizer()
    {
        Forget();
        for (int i = 0; i < 20 && Simulator.Count("context_references") > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(Simulator.Count("device_allocations"), Is.Zero);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget()
        {
            CudaContext context = CudaContext.Retain(CudaDevice.Get());
            _ = new DeviceBuffer<float>(context, 10);
            _ = CudaStream.Create(context);
        }
    }

    [TestCase("cuInit")]
    [TestCase("cuDeviceGetCount")]
    [TestCase("cuDeviceGet")]
    [TestCase("cuDeviceGetName")]
    [TestCase("cuDeviceGetAttribute")]
    [TestCase("cuDeviceTotalMem_v2")]
    [TestCase("cuDevicePrimaryCtxRetain")]
    [TestCase("cuCtxPushCurrent_v2")]
    [TestCase("cuStreamCreate")]
    [TestCase("cuEventCreate")]
    [TestCase("cuEventRecord")]
    [TestCase("cuMemAlloc_v2")]
    [TestCase("cuMemHostAlloc")]
    [TestCase("cuMemHostGetDevicePointer_v2")]
    [TestCase("cuMemcpyHtoDAsync_v2")]
    [TestCase("cuMemcpyDtoHAsync_v2")]
    [TestCase("cuStreamBeginCapture_v2")]
    [TestCase("cuStreamEndCapture")]
    [TestCase("cuGraphInstantiateWithFlags")]
    [TestCase("cuGraphLaunch")]
    [TestCase("cuStreamSynchronize")]
    public void A_failure_of_any_call_names_it_and_leaks_nothing(string function)
    {
        string before = Simulator.Live;
        Assert.That(Everything, Throws.Nothing, "without a fault");
        long calls = Simulator.Calls(function);
        Assert.That(calls, Is.Positive, $"{function} is never called");
        for (long call = 1; call <= calls; call++)
        {
            Simulator.Reset();
            Simulator.Fault($"{function}@{call}=2");
            CudaException? failure = null;
            try
            {
                Everything();
            }
            catch (CudaException caught)
            {
                failure = caught;
            }
            // Disposal binds the context too, and never throws.
            if (failure is null && function == "cuCtxPushCurrent_v2")
                Assert.That(call, Is.GreaterThan(calls / 2));
            else
                Assert.That(failure?.Message, Does.Contain("CUDA_ERROR_OUT_OF_MEMORY (2)").And.Contain(function), $"call {call}");
            AssertNothingNew(before, $"call {call}");
        }
    }

    private static void Everything()
    {
        using CudaContext context = CudaContext.Retain(CudaDevice.Get());
        using CudaStream stream = CudaStream.Create(context);
        using CudaEvent mark = CudaEvent.Create(context);
        using DeviceBuffer<float> device = new(context, 8);
        using PinnedBuffer<float> pinned = new(context, 8);
        using PinnedBuffer<float> mapped = new(context, 8, isMapped: true);
        using CudaGraph graph = CudaGraph.Capture(stream, () =>
        {
            stream.Copy(pinned, device, 8);
            stream.Copy(device, pinned, 8);
        });
        graph.Launch(stream);
        mark.Record(stream);
        stream.Synchronize();
    }
}
