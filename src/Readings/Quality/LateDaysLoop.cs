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
    private StorageFault? _fault;

    /// <inheritdoc/>
    /// <remarks>Each series that is judged is a sign of life.</remarks>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        for (var sources = 0; sources < MostSources; sources++)
        {
            var began = Time.GetTimestamp();
            var late = await _judge.NextAsync(_after, stop).ConfigureAwait(false);
            if (late.Count == 0)
            {
                // From the first again, so that one of which something comes all the time keeps nobody waiting.
                (var isEnd, _after) = (_after == long.MinValue, long.MinValue);
                (var fault, _fault) = (_fault, null);
                return fault is null ? isEnd ? _every : TimeSpan.Zero : throw fault;
            }

            _after = late[0].Source;
            try
            {
                await _judge.JudgeAsync(late, Beat, stop).ConfigureAwait(false);
            }
            catch (StorageFault fault)
            {
                // Tried again the next time round, and said at the end of this one: those behind it do not wait for it.
                _fault = new StorageFault(fault.Kind, $"source {_after} could not be judged: {fault.Message}", fault);
            }

            Beat();

            // Half of the time at most: polling goes on beside.
            var took = Time.GetElapsedTime(began);
            await Task.Delay(took < _longestRest ? took : _longestRest, Time, stop).ConfigureAwait(false);
        }

        return TimeSpan.Zero;
    }
}
