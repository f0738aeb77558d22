using System.Globalization;

namespace Rondo.Jobs.Pump;

/// <summary>Notices when this process has run so many jobs, or grown so large, that a new one should take its place. Never for each node at the same time: limits are drawn up to a tenth higher.</summary>
internal sealed class Recycler(JobsOptions options, bool mayRecycle, Random random, Func<long> memory, TimeProvider time)
{
    private const double Jitter = 0.1;
    private static readonly TimeSpan _lookEvery = TimeSpan.FromSeconds(1);
    private readonly long? _jobs = Drawn(options.RecycleAfterJobs, random);
    private readonly long? _bytes = Drawn(options.RecycleAboveMemory, random);
    private readonly Lock _gate = new();
    private long? _lookedAt;
    private RecycleDue? _due;

    /// <summary>Why the process is due, or null. Once it is it stays so.</summary>
    public RecycleDue? Look(long finished)
    {
        lock (_gate)
        {
            if (_due is not null || (_jobs is null && _bytes is null))
            {
                return _due;
            }

            if (_jobs is { } jobs && finished >= jobs)
            {
                return _due = Due($"this process has ended {finished} attempts; jobs.recycle.after_jobs is {options.RecycleAfterJobs}");
            }

            // Asking the system for it costs more than comparing numbers; and the next process would be no smaller than one that has done nothing yet.
            if (_bytes is { } bytes && finished > 0 && (_lookedAt is not { } at || time.GetElapsedTime(at) >= _lookEvery))
            {
                _lookedAt = time.GetTimestamp();
                var used = memory();
                _due = used >= bytes ? Due($"this process holds {used / 1e6:0} MB of memory; jobs.recycle.above_memory is {options.RecycleAboveMemory / 1e6:0} MB") : null;
            }

            return _due;
        }
    }

    private RecycleDue Due(FormattableString reason) => new(reason.ToString(CultureInfo.InvariantCulture), mayRecycle);

    private static long? Drawn(long? limit, Random random) => limit is { } most ? most + (long)(most * Jitter * random.NextDouble()) : null;
}
