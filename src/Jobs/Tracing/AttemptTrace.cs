using System.Diagnostics;
using Rondo.Jobs.Pump;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>
/// The trace while an attempt runs: the attempt is a span of its own below whatever enqueued the job. A job that comes from nobody has none, unless somebody
/// listens to the activities of <c>Rondo</c>.
/// </summary>
internal readonly struct AttemptTrace : IDisposable
{
    private static readonly ActivitySource _source = new("Rondo");
    private readonly Activity? _activity;
    private readonly TraceContext.Use? _use;

    private AttemptTrace(Activity? activity, TraceContext? context)
    {
        (_activity, Context) = (activity, context);
        _use = context is null ? null : TraceContext.Enter(context);
    }

    /// <summary>In whose name it runs; null for nobody's.</summary>
    public TraceContext? Context { get; }

    /// <summary>Begins an attempt; from now on, and until it is disposed of, what runs here is part of it.</summary>
    public static AttemptTrace Begin(ClaimedJob job)
    {
        var from = job.Metadata is null ? null : TraceMark.Of(job.Metadata);
        if (from is null && !_source.HasListeners())
        {
            return default;
        }

        var activity = from is null ? _source.StartActivity("job " + job.Kind, ActivityKind.Consumer) : Under(from, job.Kind);
        activity?.SetTag("rondo.job.id", job.Id).SetTag("rondo.job.queue", job.Queue).SetTag("rondo.job.kind", job.Kind).SetTag("rondo.job.attempt", job.Attempts);
        return new AttemptTrace(activity, from?.Next(activity?.SpanId.ToHexString()));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _use?.Dispose();
        _activity?.Dispose();
    }

    // Also when nobody listens: what a handler calls then still belongs to the trace.
    private static Activity Under(TraceContext from, string kind)
    {
        var (trace, span) = (ActivityTraceId.CreateFromString(from.TraceId), ActivitySpanId.CreateFromString(from.SpanId));
        var flags = from.IsSampled ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None;
        return _source.StartActivity("job " + kind, ActivityKind.Consumer, new ActivityContext(trace, span, flags, isRemote: true))
            ?? new Activity("job " + kind).SetParentId(trace, span, flags).Start();
    }
}
