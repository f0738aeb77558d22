using Rondo.Loops;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Quality;

/// <summary>Judges days again of which something came late, was corrected or went. Every server has one; whoever comes second to a day leaves it.</summary>
/// <param name="database">The database.</param>
/// <param name="options">Who knows what was planned.</param>
/// <param name="time">Time.</param>
public sealed class LateDaysLoop(Database database, RollupOptions options, TimeProvider time) : Loop("readings.late_days", time)
{
    private const int MostSources = 100;
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _longestRest = TimeSpan.FromMilliseconds(200);
    private readonly LateDaysJudge _judge = new(database, options);
    private long _after = long.MinValue;

    /// <inheritdoc/>
    /// <remarks>Each step judges some days of a source, and is a sign of life.</remarks>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        for (var sources = 0; sources < MostSources; sources++)
        {
            var began = Time.GetTimestamp();
            if (await _judge.StepAsync(_after, stop).ConfigureAwait(false) is not { } source)
            {
                // From the first again, so that one of which something comes all the time keeps nobody waiting.
                (var isEnd, _after) = (_after == long.MinValue, long.MinValue);
                return isEnd ? _every : TimeSpan.Zero;
            }

            _after = source;
            Beat();

            // Half of the time at most: polling goes on beside.
            var took = Time.GetElapsedTime(began);
            await Task.Delay(took < _longestRest ? took : _longestRest, Time, stop).ConfigureAwait(false);
        }

        return TimeSpan.Zero;
    }
}
