using Rondo.Polling;
using Rondo.Polling.Configuration;
using Rondo.Polling.Ledger;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>Room is made ahead, what is old goes, and the proof still holds for what is left.</summary>
public sealed class UpkeepTests
{
    private static readonly TimeSpan _day = TimeSpan.FromDays(1);
    private static readonly TimeSpan _hour = TimeSpan.FromHours(1);

    [Theory, BothDatabases]
    public async Task Only_what_is_older_than_its_retention_goes(DatabaseKind kind)
    {
        var options = new PollingOptions { LedgerRetention = _day * 3, ReadingRetention = _day * 20 };
        await using var rig = await PollingRig.StartAsync(kind, options);
        var upkeep = new Upkeep(rig.Database, options, rig.Time);
        var retention = new RetentionLoop(rig.Database, new RetentionOptions { Polled = options.ReadingRetention }, new RollupOptions(), rig.Time);
        await rig.ApplyAsync(Hourly("m"), Hourly("gone"));
        var start = rig.Now;
        for (var day = 0; day < 30; day++)
        {
            await rig.RunAsync(_day, _hour);
            await upkeep.PassAsync();
            await retention.PassAsync();
            if (day == 5)
            {
                await rig.ApplyAsync(Hourly("m"));
            }
        }

        var (now, slack) = (rig.Now, kind == DatabaseKind.Sqlite ? TimeSpan.Zero : _day);
        var oldest = await rig.Store.ScalarAsync<Instant>("select min(slot) from poll");
        Assert.InRange((now - oldest).TotalDays, 2.9, 3.01 + slack.TotalDays);
        oldest = await rig.Store.ScalarAsync<Instant>("select min(at) from sample");
        Assert.InRange((now - oldest).TotalDays, 19.9, 20.01 + (slack * 7).TotalDays);
        Assert.InRange((now - await rig.Store.ScalarAsync<Instant>("select min(hour) from poll_stat")).TotalDays, 2.9, 3.1);
        Assert.Equal(1, await rig.Store.ScalarAsync<int>("select count(*) from poll_plan"));
        Assert.True(start < oldest);

        // Without a window the proof goes back as far as the ledger does.
        await rig.RunAsync(_hour * 2, _hour);
        var validation = await rig.ValidateAsync();
        Assert.True(validation.IsClean, $"{validation}");
        Assert.InRange(validation.Expected, 70, 74 + (slack.TotalDays * 24));
    }

    [Theory, BothDatabases]
    public async Task The_first_hours_that_retention_lets_go_of_are_no_holes(DatabaseKind kind)
    {
        var options = new PollingOptions { LedgerRetention = _hour * 2 };
        await using var rig = await PollingRig.StartAsync(kind, options);
        var upkeep = new Upkeep(rig.Database, options, rig.Time);
        await rig.ApplyAsync(Meters.Meter("m", seconds: 60));
        for (var half = 0; half < 12; half++)
        {
            await rig.RunAsync(_hour / 2, TimeSpan.FromMinutes(1));
            await upkeep.PassAsync();
            var validation = await rig.ValidateAsync();
            Assert.True(validation.IsClean, $"{validation}");
            Assert.InRange(validation.Expected, Math.Min(half, 2) * 30, 370);
        }

        // What is lost at the start without retention's doing stays a hole.
        await using var other = await PollingRig.StartAsync(kind);
        await other.ApplyAsync(Meters.Meter("m", seconds: 60));
        await other.RunAsync(_hour * 3, TimeSpan.FromMinutes(1));
        await other.Store.ExecuteAsync("delete from poll where slot < @before", new { before = other.Now - _hour });
        Assert.InRange((await other.ValidateAsync()).Holes, 115, 125);
    }

    [Theory, BothDatabases]
    public async Task Nothing_goes_when_everything_is_to_be_kept(DatabaseKind kind)
    {
        var options = new PollingOptions { LedgerRetention = null, ReadingRetention = null };
        await using var rig = await PollingRig.StartAsync(kind, options);
        await rig.ApplyAsync(Hourly("m"));
        await rig.RunAsync(_day, _hour);
        var polls = await rig.Store.ScalarAsync<int>("select count(*) from poll");
        rig.Time.Advance(_day * 1000);
        await new Upkeep(rig.Database, options, rig.Time).PassAsync();
        await new RetentionLoop(rig.Database, new RetentionOptions { Polled = options.ReadingRetention }, new RollupOptions(), rig.Time).PassAsync();
        Assert.Equal(polls, await rig.Store.ScalarAsync<int>("select count(*) from poll"));
        Assert.Equal(polls, await rig.Store.ScalarAsync<int>("select count(*) from sample"));
    }

    [Fact]
    public async Task Partitions_are_there_a_week_ahead()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Postgres);
        rig.Time.Advance(_day * 100);
        await new Upkeep(rig.Database, new PollingOptions(), rig.Time).PassAsync();
        foreach (var ahead in new[] { -1.9, 0, 7.9 })
        {
            await rig.Store.ExecuteAsync(
                "insert into poll (slot, group_id, plan_no, slots, outcome, lease_no) values (@at, 1, 1, 1, 'ok', 1)", new { at = rig.Now + (_day * ahead) });
            await rig.Store.ExecuteAsync("insert into sample (source_id, at, vals) values (1, @at, '{}')", new { at = rig.Now + (_day * ahead) });
        }
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 20, 90)]
    [InlineData(DatabaseKind.Postgres, 20, 90)]
    [InlineData(DatabaseKind.Postgres, 20, 3)]
    [InlineData(DatabaseKind.Postgres, 400, null)]
    public async Task A_node_that_comes_long_after_its_devices_records_the_time_without_one(DatabaseKind kind, int days, int? kept)
    {
        var options = new PollingOptions { LedgerRetention = kept * _day };
        await using var rig = await PollingRig.StartAsync(kind, options);
        await rig.ApplyAsync(Hourly("early"));
        await rig.RunAsync(_hour * 2, _hour);
        await using var late = await LateAsync(rig, options, days);
        await late.RunAsync(_hour * 3, _hour);
        var validation = await late.ValidateAsync(kept is { } most && most < days ? late.Now - (_day * most) + _hour * 4 : null);
        Assert.True(validation.IsClean, $"{validation}");
        Assert.InRange(validation.Missed["node_down"], (Math.Min(days, kept ?? days) - 1) * 24, (days * 24) + 24);
    }

    /// <summary>Another server, after the first was killed and days went by.</summary>
    private static async Task<PollingRig> LateAsync(PollingRig rig, PollingOptions options, int days)
    {
        rig.Time.Advance(_day * days);
        await Upkeep.PrepareAsync(rig.Database, options, default);
        return await rig.RestartAsync(options);
    }

    /// <summary>On the full hour, where the rig's time stands after each step.</summary>
    private static DeviceSpec Hourly(string name) => Meters.Meter(name, seconds: 3600) with { Groups = [Meters.Group(seconds: 3600) with { Align = true }] };
}
