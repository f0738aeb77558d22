using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Readings.Archive;

/// <summary>Packs samples as they grow old, on SQLite.</summary>
/// <param name="database">The database.</param>
/// <param name="after">How old samples are when they are packed.</param>
/// <param name="time">Time.</param>
public sealed class ArchiveLoop(Database database, TimeSpan after, TimeProvider time) : Loop("readings.archive", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromHours(1);
    private readonly SampleArchiver _archiver = new(database, after);

    /// <inheritdoc/>
    /// <remarks>Each piece is short, and a sign of life; the first pass over years of samples has many.</remarks>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        await _archiver.RunAsync(Beat, stop).ConfigureAwait(false);
        return _every;
    }
}
