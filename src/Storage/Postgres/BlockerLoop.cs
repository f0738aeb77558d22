using Rondo.Loops;

namespace Rondo.Storage.Postgres;

/// <summary>
/// Looks whom a statement waits for that is about to be slow: afterwards nobody can tell. While nothing is slow it asks the database nothing.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="time">Time.</param>
public sealed class BlockerLoop(PostgresDatabase database, TimeProvider time) : Loop("database.blockers", time)
{
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _shortest = TimeSpan.FromMilliseconds(20);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var slow = database.Statements.SlowAfter;
        if (slow <= TimeSpan.Zero)
        {
            return _idle;
        }

        // Half of it is left for the look itself.
        var half = slow / 2;
        var waiting = database.Flights.Longer(database.Statements, half)
            .Select(f => (Flight: f, Began: f.Began, Statement: f.Statement))
            .Where(w => w.Statement is not null and not BlockerStore.Name && w.Flight.Blocker(w.Began) is null).ToList();
        if (waiting.Count > 0)
        {
            var blockers = await database.AskAsync(
                "database.blockers",
                tx => database.Address.IsBehindPgBouncer ? BlockerStore.Read(tx, [.. waiting.Select(w => w.Statement!)]) : BlockerStore.Read(tx, [.. waiting.Select(w => w.Flight.Pid)]),
                stop).ConfigureAwait(false);
            foreach (var (flight, began, statement) in waiting)
            {
                var found = blockers.Where(b => flight.Pid == 0 ? b.Statement == statement : b.Waiting == flight.Pid).Select(b => b.ToString()).Distinct(StringComparer.Ordinal).ToList();
                if (found.Count > 0)
                {
                    flight.See(began, string.Join("; ", found.Take(3)) + (found.Count > 3 ? $"; and {found.Count - 3} more" : ""));
                }
            }
        }

        return half < _shortest ? _shortest : half > _idle ? _idle : half;
    }
}
