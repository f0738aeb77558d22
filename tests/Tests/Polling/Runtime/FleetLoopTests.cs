using Rondo.Loops;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>How the fleet loop behaves as a loop.</summary>
public sealed class FleetLoopTests
{
    [Fact]
    public async Task However_long_the_database_was_away_what_is_owned_is_looked_at_within_a_second_after_it()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        var looks = 0;
        rig.Database.Before = name =>
        {
            Interlocked.Increment(ref looks);
            return SteeredDatabase.Away(name);
        };
        await using var supervisor = new LoopSupervisor(rig.Time, new Chance(7));
        supervisor.Start(rig.Fleet);
        for (var second = 1; second <= 60; second++)
        {
            // The supervisor's look and the sleep of the loop.
            await rig.Time.WhenTimersWaitAsync(2);
            var before = Volatile.Read(ref looks);
            rig.Time.Advance(TimeSpan.FromSeconds(1));
            await Eventually.TrueAsync(() => Volatile.Read(ref looks) > before, $"a look in second {second}");
        }
    }
}
