using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>
/// "Enabled but not running" cannot exist, nor the opposite: groups are added, edited, paused and removed at random while the clock is set, the server is
/// killed, the database goes away, and devices fail; afterwards every slot that was planned has one outcome, and nothing else has any.
/// </summary>
public sealed class ObedienceTests
{
    [Theory, BothDatabases]
    public Task What_fires_is_what_is_planned_whatever_is_done_to_it(DatabaseKind kind) =>
        LiveAsync(kind, kind == DatabaseKind.Sqlite ? 6 : 2, Trouble.None);

    [Theory, BothDatabases]
    public Task What_fires_is_what_is_planned_when_the_clock_is_set_meanwhile(DatabaseKind kind) =>
        LiveAsync(kind, kind == DatabaseKind.Sqlite ? 6 : 2, Trouble.Clock);

    [Theory, BothDatabases]
    public Task What_fires_is_what_is_planned_when_the_server_is_killed_and_the_database_goes_away_meanwhile(DatabaseKind kind) =>
        LiveAsync(kind, kind == DatabaseKind.Sqlite ? 6 : 2, Trouble.Kills | Trouble.Outages | Trouble.Devices);

    [Theory, BothDatabases]
    public Task What_fires_is_what_is_planned_when_all_of_it_happens_at_once(DatabaseKind kind) =>
        LiveAsync(kind, kind == DatabaseKind.Sqlite ? 10 : 3, Trouble.Clock | Trouble.Kills | Trouble.Outages | Trouble.Devices);

    private static async Task LiveAsync(DatabaseKind kind, int lives, Trouble troubles)
    {
        var first = Seed.Next();
        for (var seed = first; seed < first + lives; seed++)
        {
            await using var life = await FleetLife.StartAsync(kind, seed, troubles);
            try
            {
                await life.LiveAsync(steps: 40);
                await life.ProveAsync();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                throw new InvalidOperationException($"RONDO_SEED={seed} on {kind}: {fault.Message}\n{life.Diary}", fault);
            }
        }
    }
}
