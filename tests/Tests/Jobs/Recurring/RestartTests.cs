using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Recurring;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Recurring;

/// <summary>Whatever happens, in whatever order: the ledger has no holes, and no tick has two jobs.</summary>
[Collection(ScheduleCollection.Name)]
public sealed class RestartTests
{
    private static readonly string[] _names = ["cron", "every", "slow"];
    private static readonly string[] _crons = ["*/7 * * * *", "*/15 2,3 * * *", "30 */5 * * * *", "0 0 * * *"];
    private static readonly string[] _everys = ["1s", "90s", "10m", "1d"];

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 11)]
    [InlineData(DatabaseKind.Sqlite, 12)]
    [InlineData(DatabaseKind.Sqlite, 13)]
    [InlineData(DatabaseKind.Postgres, 21)]
    [InlineData(DatabaseKind.Postgres, 22)]
    [InlineData(DatabaseKind.Postgres, 23)]
    public async Task The_ledger_has_no_holes_after_random_restarts_changes_pauses_and_crashes(DatabaseKind kind, int seed)
    {
        var random = new Random(seed);
        await using var rig = await ScheduleRig.StartAsync(kind);
        var other = await rig.BesideAsync();
        foreach (var name in _names)
        {
            await ChangeAsync(rig, random, name);
        }

        for (var step = 0; step < 150; step++)
        {
            rig.Advance(TimeSpan.FromSeconds(random.Next(5) switch { 0 => random.NextDouble() * 20_000, 1 => random.NextDouble() * 2_000, _ => random.NextDouble() * 100 }));
            var name = _names[random.Next(_names.Length)];
            switch (random.Next(14))
            {
                case 0:
                    await ChangeAsync(rig, random, name);
                    break;
                case 1:
                    await rig.Schedules.PauseAsync(name, isPaused: random.Next(2) == 0);
                    break;
                case 2:
                    await rig.Schedules.RunAsync(name);
                    break;
                case 3:
                    rig.Restart();
                    break;
                case 4:
                    await CrashAsync(rig, random);
                    break;
                case 5:
                    rig.End(rig.Claim(), random.Next(2) == 0 ? Outcome.Done : Outcome.Dead);
                    break;
                case 6:
                    rig.Time.StepWall(TimeSpan.FromSeconds((random.NextDouble() * 200) - 100));
                    await rig.Store.Database.MeasureClockAsync();
                    break;
                case 7 or 8:
                    await Task.WhenAll(Task.Run(rig.PassAsync), Task.Run(() => rig.PassAsync(other.Loop, other.Node)));
                    break;
                default:
                    await rig.PassAsync();
                    break;
            }
        }

        foreach (var name in _names)
        {
            await rig.Schedules.PauseAsync(name, isPaused: false);
        }

        await rig.PassAsync();
        var expected = 0L;
        foreach (var name in _names)
        {
            expected += (await rig.ProveAsync(name)).Expected;
        }

        Assert.True(expected > 500, $"seed {seed}: they were due {expected} times only");
    }

    [Theory, BothDatabases]
    public async Task The_proof_finds_a_hole_a_double_and_a_stray(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m", overlap: OverlapPolicy.Allow);
        await rig.WalkAsync(TimeSpan.FromMinutes(1), 6);
        await rig.ProveAsync("m");
        await rig.Store.ExecuteAsync("delete from job_tick where due = @due", new { due = rig.Now - TimeSpan.FromMinutes(3) });
        Assert.Equal((6, 5, 1, 0), await ProveAsync());

        // A run that says of an instant what its own tick says already.
        await rig.Store.ExecuteAsync(
            "insert into job_tick (schedule_id, due, until_due, ticks, outcome, reason, at) select id, @due, @until, 2, 'skipped', 'missed', @until from job_schedule",
            new { due = rig.Now - TimeSpan.FromMinutes(3), until = rig.Now - TimeSpan.FromMinutes(2) });
        Assert.Equal((6, 7, 0, 1), await ProveAsync());
        await rig.Store.ExecuteAsync("delete from job_tick where ticks = 2 or due = @due", new { due = rig.Now });
        await rig.Store.ExecuteAsync(
            "insert into job_tick (schedule_id, due, until_due, ticks, outcome, reason, at) select id, @due, @due, 1, 'skipped', 'missed', @due from job_schedule",
            new { due = rig.Now - TimeSpan.FromSeconds(1) });
        Assert.Equal((6, 5, 2, 1), await ProveAsync());

        async Task<(long, long, long, long)> ProveAsync()
        {
            var proof = (await rig.Schedules.ProveAsync("m"))!;
            Assert.False(proof.IsClean);
            return (proof.Expected, proof.Recorded, proof.Holes, proof.Strays);
        }
    }

    private static Task<ScheduleDetails> ChangeAsync(ScheduleRig rig, Random random, string name)
    {
        var missed = random.Next(4) switch { 0 => MissedPolicy.Skip, 1 => MissedPolicy.Once, 2 => MissedPolicy.All(random.Next(1, 20)), _ => MissedPolicy.Within(TimeSpan.FromMinutes(random.Next(1, 60))) };
        var overlap = (OverlapPolicy)random.Next(4);
        return random.Next(2) == 0
            ? rig.AddAsync(name, cron: _crons[random.Next(_crons.Length)], zone: "Europe/Berlin", missed: missed, overlap: overlap, mayReplace: true)
            : rig.AddAsync(name, every: _everys[random.Next(_everys.Length)], missed: missed, overlap: overlap, mayReplace: true);
    }

    private static async Task CrashAsync(ScheduleRig rig, Random random)
    {
        var place = random.Next(4) switch { 0 => "schedules.ticked", 1 => "schedules.enqueued", 2 => "schedules.fired", _ => "" };
        using var point = FailPoint.Set(place, () => throw new InvalidOperationException("the test ends the process here"));
        rig.Store.Database.After = place.Length == 0 ? name => name == "schedules.fire" ? SteeredDatabase.Away(name) : null : null;
        await Record.ExceptionAsync(rig.PassAsync);
        rig.Store.Database.After = null;
        rig.Restart();
    }
}
