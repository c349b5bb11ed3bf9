using System.Numerics;

namespace TrtVocoder.FleetSimulation;

/// <summary>
/// One instance in simulated time: requests of several windows, lanes that run windows of one length together, chosen as
/// <see cref="Vocoding.VocoderScheduler"/> chooses them. An idle lane takes at once what there is. Times are in milliseconds.
/// </summary>
internal sealed class SimulatedInstance
{
    private readonly InstanceOptions _options;
    private readonly LinkedList<SimulatedRequest> _queue = [];
    private readonly Lane[] _lanes;
    private readonly Action<SimulatedRequest, double> _onAnswer;
    private double _gpuFreeAt;

    /// <param name="options">What it is.</param>
    /// <param name="onAnswer">Told of each request that is done, and when; it may bring new ones.</param>
    public SimulatedInstance(InstanceOptions options, Action<SimulatedRequest, double> onAnswer)
    {
        (_options, _onAnswer) = (options, onAnswer);
        _lanes = [.. Enumerable.Range(0, options.Lanes).Select(_ => new Lane())];
    }

    /// <summary>Windows that no run has taken.</summary>
    public int QueuedWindows { get; private set; }

    /// <summary>Requests that are not done.</summary>
    public int OpenRequests { get; private set; }

    /// <summary>Runs that were begun.</summary>
    public long Runs { get; private set; }

    /// <summary>Windows of them.</summary>
    public long WindowsRun { get; private set; }

    /// <summary>How long these windows waited for the GPU, in all.</summary>
    public double WaitedMs { get; private set; }

    /// <summary>Requests of which a run has taken a window.</summary>
    public long RequestsBegun { get; private set; }

    /// <summary>How long the first window of each of them waited for a lane, in all: what Triton counts as queue time.</summary>
    public double QueuedMs { get; private set; }

    /// <summary>When the next run ends; infinite where none is under way.</summary>
    public double NextEndMs
    {
        get
        {
            double next = double.PositiveInfinity;
            foreach (Lane lane in _lanes)
                next = Math.Min(next, lane.EndMs);
            return next;
        }
    }

    /// <summary>Takes a request that comes now, before any run ends.</summary>
    public void Submit(SimulatedRequest request)
    {
        OpenRequests++;
        QueuedWindows += request.Windows.Count;
        _queue.AddLast(request);
        StartRuns(request.Arrival);
    }

    /// <summary>Ends the run that ends next, and lets its lane take the next one.</summary>
    public void EndNextRun()
    {
        Lane lane = _lanes[0];
        foreach (Lane other in _lanes)
            if (other.EndMs < lane.EndMs)
                lane = other;
        double now = lane.EndMs;
        lane.EndMs = double.PositiveInfinity;
        // It first answers all, then looks for more: so who sends the next request at once is in its next run.
        foreach (SimulatedRequest request in lane.Windows)
        {
            if (++request.Done < request.Windows.Count)
                continue;
            OpenRequests--;
            _onAnswer(request, now);
        }
        lane.Windows.Clear();
        StartRuns(now);
    }

    private void StartRuns(double now)
    {
        foreach (Lane lane in _lanes)
        {
            if (_queue.Count == 0)
                return;
            if (lane.Windows.Count == 0)
                Start(lane, now);
        }
    }

    // As VocoderScheduler.TakeWindows: of the length that the first request needs next, from it and from those behind it.
    private void Start(Lane lane, double now)
    {
        LinkedListNode<SimulatedRequest>? node = _queue.First;
        SimulatedRequest first = node!.Value;
        int frames = first.Windows[first.Taken];
        double begin = _options.HasOneRunAtATime ? Math.Max(now, _gpuFreeAt) : now;
        while (node is not null && lane.Windows.Count < _options.Batch)
        {
            (LinkedListNode<SimulatedRequest> current, SimulatedRequest request) = (node, node.Value);
            node = node.Next;
            while (lane.Windows.Count < _options.Batch && request.Taken < request.Windows.Count && request.Windows[request.Taken] == frames)
            {
                if (request.Taken++ == 0)
                {
                    RequestsBegun++;
                    QueuedMs += now - request.Arrival;
                }
                lane.Windows.Add(request);
                WaitedMs += begin - request.Arrival;
            }
            if (request.Taken == request.Windows.Count)
                _queue.Remove(current);
        }
        if (first.Taken < first.Windows.Count)
        {
            _queue.RemoveFirst();
            _queue.AddLast(first);
        }
        int count = lane.Windows.Count;
        QueuedWindows -= count;
        Runs++;
        WindowsRun += count;
        int items = _options.RoundsItems ? Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)count), _options.Batch) : count;
        lane.EndMs = begin + _options.RunTimes.GetMilliseconds(items, frames);
        _gpuFreeAt = lane.EndMs;
    }

    private sealed class Lane
    {
        public List<SimulatedRequest> Windows { get; } = [];

        public double EndMs { get; set; } = double.PositiveInfinity;
    }
}
