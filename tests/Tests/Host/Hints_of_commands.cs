using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>A running node hears of what a command beside it has changed, and only of that.</summary>
public sealed class Hints_of_commands : IDisposable
{
    private const string Devices = "devices:\n  - { name: m1, address: \"127.0.0.1:1\", unit: 1, profile: sdm630, interval: 1h, points: [voltage_l1] }\n";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_command_that_changes_something_tells_and_no_other_does()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await using var server = await Server.StartAsync(
            store.Address, ["poll"], new PollingOptions(), TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => server.Hints.State.IsListening, "the node listens");
        var run = new CommandRun(_folder) { Database = store.Address.Target };
        var file = _folder.Write("devices.yaml", Devices);
        await run.GoodAsync("devices", "apply", file, "--dry-run");
        await run.GoodAsync("devices", "apply", file);
        await run.GoodAsync("devices", "list");
        await run.GoodAsync("polling", "stop");
        await run.GoodAsync("polling", "start", "m1");
        await run.GoodAsync("polling", "audit");
        run.Variables["RONDO_HINTS"] = "false";
        await run.GoodAsync("polling", "start");
        run.Variables.Remove("RONDO_HINTS");
        await run.GoodAsync("devices", "remove", "m1");
        await Eventually.TrueAsync(() => server.Hints.State.Received >= 4, "apply, stop, start and remove are heard");
        Assert.Equal(4, server.Hints.State.Received);

        // What it gives back is told before it is gone.
        var sent = server.Hints.State.Sent;
        await server.StopAsync();
        Assert.False(server.Hints.IsWaiting);
        Assert.True(server.Hints.State.Sent > sent);
    }
}
