using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Jobs;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Whoever stays measures the database clock again and again, whatever its roles are. On SQLite that clock is the wall clock, which a test can set.</summary>
public sealed class ClockOfNodesTests
{
    private static readonly TimeSpan _hour = TimeSpan.FromHours(1);
    private readonly SetTime _time = new();

    [Theory]
    [InlineData("work")]
    [InlineData("poll")]
    [InlineData("")]
    public async Task A_server_follows_the_clock_whatever_its_roles_are(string role)
    {
        using var folder = new TempFolder();
        var address = DatabaseAddress.TryParse($"sqlite:{folder.At("rondo.db")}", out _)!;
        await using var server = await Server.StartAsync(address, role.Length == 0 ? [] : [role], new PollingOptions(), _time, NullLoggerFactory.Instance, default);
        Assert.Single(server.LoopList, loop => loop.Name == "database.clock");
        await FollowsAsync(server.Database.Clock);
        await server.StopAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_queue_within_another_program_follows_the_clock(bool runsJobs)
    {
        using var folder = new TempFolder();
        await using var host = await JobHost.StartAsync($"sqlite:{folder.At("rondo.db")}", _ => new JobHandlers(), new JobHostSettings { Time = _time, RunsJobs = runsJobs });
        await FollowsAsync(host.Database.Clock);
    }

    private async Task FollowsAsync(DatabaseClock clock)
    {
        _time.Ahead = _hour;
        await Eventually.TrueAsync(() => clock.Now > Instant.From(DateTimeOffset.UtcNow) + (_hour / 2), "the clock is followed");
    }

    /// <summary>The real one, with a wall clock that may be set.</summary>
    private sealed class SetTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
