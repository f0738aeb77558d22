using System.Collections;
using Rondo.Jobs.Pump;
using Rondo.Storage;

namespace Rondo.Jobs.Logs;

/// <summary>The logging scope of an attempt: whatever its handler writes to any log carries queue, kind, id and attempt, and the request it comes from.</summary>
internal sealed class JobScope(ClaimedJob job, TraceContext? trace) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public string Queue => job.Queue;

    public string Kind => job.Kind;

    public long Id => job.Id;

    public int Attempt => job.Attempts;

    public int Count => trace is null ? 4 : 6;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("Queue", job.Queue),
        1 => new("Kind", job.Kind),
        2 => new("Id", job.Id),
        3 => new("Attempt", job.Attempts),
        4 when trace is not null => new("CorrelationId", trace.CorrelationId),
        5 when trace is not null => new("TraceId", trace.TraceId),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var n = 0; n < Count; n++)
        {
            yield return this[n];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"job {job.Id} ({job.Queue}, {job.Kind}), attempt {job.Attempts}";
}
