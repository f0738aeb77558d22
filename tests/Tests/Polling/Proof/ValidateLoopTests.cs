using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Polling;
using Rondo.Polling.Proof;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Proof;

/// <summary>What the server validates by itself, and how long it remembers what was wrong.</summary>
public sealed class ValidateLoopTests
{
    private static readonly TimeSpan Every = new PollingOptions().ValidateEvery;

    [Theory, BothDatabases]
    public async Task A_hole_of_hours_ago_is_found_soon_after_the_start_and_stays_until_it_is_mended(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", seconds: 60));
        await rig.RunAsync(TimeSpan.FromHours(3), TimeSpan.FromSeconds(10));
        var at = (await rig.Store.QueryAsync<Instant>("select slot from poll order by slot"))[20];
        await rig.Store.ExecuteAsync("update poll set slot = @away where slot = @at", new { at, away = at + TimeSpan.FromMicroseconds(1) });

        var loop = new ValidateLoop(rig.Database, new PollingOptions(), rig.Time, NullLogger.Instance);
        Assert.Equal(TimeSpan.FromSeconds(30), await loop.PassAsync());
        Assert.Null(loop.Latest);
        await rig.RunAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));
        for (var pass = 0; pass < 4; pass++)
        {
            Assert.Equal(Every, await loop.PassAsync());
            Assert.Equal(1, loop.Latest!.Value.Result.Holes);
            await rig.RunAsync(Every, TimeSpan.FromSeconds(10));
        }

        await rig.Store.ExecuteAsync("update poll set slot = @at where slot = @away", new { at, away = at + TimeSpan.FromMicroseconds(1) });
        await loop.PassAsync();
        Assert.True(loop.Latest!.Value.Result.IsClean, $"{loop.Latest}");
        Assert.True(loop.Latest!.Value.Result.From <= at, "the one that is clean covers it");
        await loop.PassAsync();
        Assert.True(loop.Latest!.Value.Result.From > at, "after that the short window is enough");
    }

    [Theory, BothDatabases]
    public async Task The_whole_day_is_looked_at_again_every_hour_and_what_retention_took_is_not_missing(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", seconds: 60));
        await rig.RunAsync(TimeSpan.FromHours(2), TimeSpan.FromSeconds(10));
        var loop = new ValidateLoop(rig.Database, new PollingOptions(), rig.Time, NullLogger.Instance);
        await loop.PassAsync();
        await loop.PassAsync();
        var whole = loop.Latest!.Value.Result.From;
        Assert.True(loop.Latest!.Value.Result.Expected >= 115, $"{loop.Latest}");
        await rig.RunAsync(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(10));
        await loop.PassAsync();
        Assert.True(loop.Latest!.Value.Result.From > whole, "in between the short window");
        await rig.RunAsync(TimeSpan.FromMinutes(31), TimeSpan.FromSeconds(10));
        await loop.PassAsync();
        Assert.Equal(whole, loop.Latest!.Value.Result.From);
        Assert.True(loop.Latest!.Value.Result.IsClean, $"{loop.Latest}");
    }

    /// <summary>A take-over is under way: the slots of the dead node get their outcome a moment later.</summary>
    [Theory, BothDatabases]
    public async Task A_hole_of_this_minute_is_looked_at_twice_where_another_node_may_be_about_to_fill_it(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", seconds: 1));
        await rig.RunAsync(TimeSpan.FromMinutes(2), TimeSpan.FromMilliseconds(200));
        var slots = await rig.Store.QueryAsync<Instant>("select slot from poll order by slot");
        var at = slots[^12];
        var away = at + TimeSpan.FromMicroseconds(1);
        var loop = new ValidateLoop(rig.Database, new PollingOptions(), rig.Time, NullLogger.Instance);
        await loop.PassAsync();

        await rig.Store.ExecuteAsync("update poll set slot = @away where slot = @at", new { at, away });
        var pause = await loop.PassAsync();
        if (kind == DatabaseKind.Sqlite)
        {
            Assert.Equal(1, loop.Latest!.Value.Result.Holes);
            return;
        }

        Assert.Equal(TimeSpan.FromSeconds(20), pause);
        Assert.Null(loop.Latest);
        await rig.Store.ExecuteAsync("update poll set slot = @at where slot = @away", new { at, away });
        Assert.Equal(Every, await loop.PassAsync());
        Assert.Equal(0, loop.Latest!.Value.Result.Holes);

        // One that is there both times is one.
        await rig.Store.ExecuteAsync("update poll set slot = @away where slot = @at", new { at, away });
        await loop.PassAsync();
        Assert.Equal(0, loop.Latest!.Value.Result.Holes);
        await loop.PassAsync();
        Assert.Equal(1, loop.Latest!.Value.Result.Holes);
    }
}
