namespace Rondo.Bench;

/// <summary>One measurement, or the medians of several, field by field. Names and order are those of the printed line.</summary>
internal sealed record PollingResult
{
    public double PollsPerS { get; init; }

    public double PointsPerS { get; init; }

    /// <summary>From the slot to the first byte of the request.</summary>
    public double LatenessP50Ms { get; init; }

    public double LatenessP99Ms { get; init; }

    public double LatenessMaxMs { get; init; }

    /// <summary>From the slot to the commit of its outcome; upper bound of a histogram's bucket, at most a fifth too high.</summary>
    public double CommitP99Ms { get; init; }

    public long Missed { get; init; }

    public long Failed { get; init; }

    public long Duplicates { get; init; }

    public double CpuS { get; init; }

    public double RssMb { get; init; }

    public double CpuUsPerPoint { get; init; }

    public double CpuUsPerPoll { get; init; }

    public string Database { get; init; } = "";

    public int Seconds { get; init; }

    public int Devices { get; init; }

    public string Commit { get; init; } = "";

    public double ArmedMs { get; init; }

    public int Points { get; init; }

    public int IntervalS { get; init; }

    public double PeakRssMb { get; init; }

    public double PollsPerBatch { get; init; }

    /// <summary>Requests that reached the simulators.</summary>
    public double RequestsPerS { get; init; }

    public int Runs { get; init; }

    public int Nodes { get; init; }

    /// <summary>Endpoints, CPU time and memory of each node; null for one node.</summary>
    public int[]? EndpointsPerNode { get; init; }

    public double[]? CpuSPerNode { get; init; }

    public double[]? RssMbPerNode { get; init; }

    /// <summary>From the start of the processes until shares were even; null for one node.</summary>
    public double? EvenMs { get; init; }

    /// <summary>CPU time of all processes of the database server by the polls committed meanwhile; null for SQLite, which has none.</summary>
    public double? PostgresCpuUsPerPoll { get; init; }

    /// <summary>What one node needed in the same run of bench/run.</summary>
    public double? OneNodeCpuUsPerPoll { get; init; }

    /// <summary>CPU time a poll over all nodes by that of one node.</summary>
    public double? CpuRatioVsOneNode { get; init; }

    public static PollingResult Median(List<PollingResult> results) => results[0] with
    {
        PollsPerS = Middle(results, r => r.PollsPerS),
        PointsPerS = Middle(results, r => r.PointsPerS),
        LatenessP50Ms = Middle(results, r => r.LatenessP50Ms),
        LatenessP99Ms = Middle(results, r => r.LatenessP99Ms),
        LatenessMaxMs = Middle(results, r => r.LatenessMaxMs),
        CommitP99Ms = Middle(results, r => r.CommitP99Ms),
        // What must not happen is not hidden by a median.
        Missed = results.Max(r => r.Missed),
        Failed = results.Max(r => r.Failed),
        Duplicates = results.Max(r => r.Duplicates),
        CpuS = Middle(results, r => r.CpuS),
        RssMb = Middle(results, r => r.RssMb),
        CpuUsPerPoint = Middle(results, r => r.CpuUsPerPoint),
        CpuUsPerPoll = Middle(results, r => r.CpuUsPerPoll),
        ArmedMs = Middle(results, r => r.ArmedMs),
        PeakRssMb = Middle(results, r => r.PeakRssMb),
        PollsPerBatch = Middle(results, r => r.PollsPerBatch),
        RequestsPerS = Middle(results, r => r.RequestsPerS),
        Runs = results.Count,
        CpuSPerNode = EachMiddle(results, r => r.CpuSPerNode),
        RssMbPerNode = EachMiddle(results, r => r.RssMbPerNode),
        EvenMs = results[0].EvenMs is null ? null : Middle(results, r => r.EvenMs!.Value),
        PostgresCpuUsPerPoll = results[0].PostgresCpuUsPerPoll is null ? null : Middle(results, r => r.PostgresCpuUsPerPoll!.Value),
    };

    /// <summary>
    /// The medians of several nodes with how they compare to one node, measured in turn with them. The ratio is the median of those of each turn: what
    /// else goes on in the machine changes within minutes, and then both halves of a turn have it.
    /// </summary>
    public static PollingResult Compared(List<PollingResult> several, List<PollingResult> one) => Median(several) with
    {
        OneNodeCpuUsPerPoll = Middle(one, r => r.CpuUsPerPoll),
        CpuRatioVsOneNode = Middle([.. several.Zip(one, (many, single) => many with { CpuUsPerPoll = many.CpuUsPerPoll / single.CpuUsPerPoll })], r => r.CpuUsPerPoll),
    };

    // Nodes are equal: first, second and third by what they used, so that the median of the busiest is one of the busiest.
    private static double[]? EachMiddle(List<PollingResult> results, Func<PollingResult, double[]?> values) => values(results[0]) is not { } first
        ? null
        : [.. first.Select((_, node) => Middle(results, r => values(r)!.OrderDescending().ElementAt(node)))];

    private static double Middle(List<PollingResult> results, Func<PollingResult, double> value)
    {
        var sorted = results.Select(value).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
