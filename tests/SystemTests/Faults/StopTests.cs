using System.Diagnostics;
using System.Globalization;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>Clean stops, a second server, and commands beside a busy server.</summary>
public sealed class StopTests(ITestOutputHelper output)
{
    private const int Gateways = 100;
    private static readonly TimeSpan Obeyed = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_stop_under_load_ends_with_0_and_accounts_for_every_slot_before_it(DatabaseKind kind)
    {
        await using var site = await Site.CreateAsync(kind, Gateways);
        await site.PrepareAsync(site.DeviceFile("200ms"));
        await site.StartServerAsync();
        await site.UntilPolledAsync(10 * Gateways);
        var from = Stopwatch.GetTimestamp();
        var stopped = await site.StopServerAsync();
        output.WriteLine($"stopped after {Stopwatch.GetElapsedTime(from).TotalMilliseconds:0} ms");
        var proof = await LedgerProof.ReadAsync(site, stopped);
        proof.MissedOnlyFor("late", "node_down");

        // Everything is handed back, and nobody is left who claims to live.
        Assert.Equal(0, await site.ReadAsync(tx => tx.First<int>(new Sql("test.owned", "select count(*) from endpoint where owner is not null"))));
        Assert.Equal(0, await site.ReadAsync(tx => tx.First<int>(new Sql("test.live", "select count(*) from node where state = 'live'"))));
    }

    [Fact]
    public async Task A_second_server_of_a_SQLite_file_is_refused_with_the_pid_of_the_first()
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1);
        await site.PrepareAsync(site.DeviceFile());
        var first = await site.StartServerAsync();
        await using var second = site.NewServer();
        var code = await second.ExitAsync(TimeSpan.FromSeconds(60));
        Assert.NotEqual(0, code);
        Assert.Contains(first.Id.ToString(CultureInfo.InvariantCulture), string.Join('\n', second.Errors), StringComparison.Ordinal);
        Assert.False(first.HasExited);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Commands_beside_a_busy_server_succeed_are_obeyed_within_2_s_and_kept_over_a_restart(DatabaseKind kind)
    {
        await using var site = await Site.CreateAsync(kind, Gateways);
        var newest = site.Simulator.Gateways[^1];

        // All but the last one at first.
        await site.PrepareAsync(site.DeviceFile("200ms", count: Gateways - 1));
        await site.StartServerAsync();
        await site.UntilPolledAsync(5 * Gateways);

        await site.ApplyAsync(site.DeviceFile("200ms"));
        var asked = Stopwatch.GetTimestamp();
        await site.Server!.UntilAsync(() => Task.FromResult(newest.Counters.Requests > 0), "a poll of the new device");
        output.WriteLine($"a new device was polled {Stopwatch.GetElapsedTime(asked).TotalMilliseconds:0} ms after devices apply returned");

        await site.CommandAsync("polling", "stop", $"meter-{Gateways}-1");
        await StandsStillAsync(() => newest.Counters.Requests);
        await site.CommandAsync("polling", "stop");
        await StandsStillAsync(() => site.Simulator.Counters.Requests);

        // The intent is stored: a restart does not forget it.
        await site.StopServerAsync();
        await site.StartServerAsync();
        await StandsStillAsync(() => site.Simulator.Counters.Requests);

        output.WriteLine($"polling start: {await site.ObeysAsync("start"):0} ms");
        await site.UntilPolledAsync(Gateways);
        Assert.Equal(0, await RequestsOfAsync(newest));
        var before = newest.Counters.Requests;
        await site.CommandAsync("polling", "start", $"meter-{Gateways}-1");
        await site.Server!.UntilAsync(() => Task.FromResult(newest.Counters.Requests > before), "a poll of the started device");

        var proof = await LedgerProof.ReadAsync(site, await site.StopServerAsync());
        proof.MissedOnlyFor("late", "node_down");
    }

    /// <summary>Nothing arrives any more from two seconds after now on.</summary>
    private static async Task StandsStillAsync(Func<long> requests)
    {
        await Passing.Of(Obeyed);
        var from = requests();
        await Passing.OfSeconds(1);
        Assert.Equal(from, requests());
    }

    private static async Task<long> RequestsOfAsync(Simulators.Modbus.SimulatedGateway gateway)
    {
        var from = gateway.Counters.Requests;
        await Passing.OfSeconds(0.5);
        return gateway.Counters.Requests - from;
    }
}
