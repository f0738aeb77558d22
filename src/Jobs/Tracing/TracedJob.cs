using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>A job on the path of a request.</summary>
/// <param name="Id">Its number.</param>
/// <param name="CorrelationId">By what it was enqueued.</param>
/// <param name="TraceId">In which trace.</param>
/// <param name="At">When it was accepted.</param>
/// <param name="Job">The job; null when its time in the history is over.</param>
/// <param name="Failures">Attempts that did not end well, oldest first.</param>
public sealed record TracedJob(long Id, string CorrelationId, string TraceId, Instant At, JobRow? Job, IReadOnlyList<JobFailure> Failures);
