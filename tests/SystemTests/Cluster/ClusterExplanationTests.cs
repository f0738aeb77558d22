using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>The proof finds what is wrong: an explanation is taken only where it is one.</summary>
public sealed class ClusterExplanationTests
{
    private const string Mine = "127.0.0.1:1";
    private const string Others = "127.0.0.1:2";
    private static readonly Instant Start = Instant.From(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("node_down")]
    [InlineData("late")]
    [InlineData("busy")]
    [InlineData("database_down")]
    [InlineData("clock_jump")]
    [InlineData("breaker_open")]
    public void A_slot_missed_while_nothing_was_done_is_not_explained(string reason) => Assert.False(IsExplained(reason, 100));

    [Fact]
    public void Node_down_is_explained_by_the_death_of_the_owner_until_somebody_well_had_time_to_take_over()
    {
        var kill = new Fault(FaultKind.Kill, "a", At(100), At(100));
        Assert.False(IsExplained("node_down", 98, faults: kill));
        Assert.True(IsExplained("node_down", 100, faults: kill));
        Assert.True(IsExplained("node_down", 112, faults: kill));
        Assert.False(IsExplained("node_down", 118, faults: kill));
        Assert.False(IsExplained("node_down", 105, Others, faults: kill));
        Assert.False(IsExplained("clock_jump", 105, faults: kill));

        // For 3 s of it the machine let nobody run, who could take over.
        var stall = new Fault(FaultKind.Slow, "", At(105), At(108));
        Assert.True(IsExplained("node_down", 120, faults: [kill, stall]));
        Assert.False(IsExplained("node_down", 121, faults: [kill, stall]));

        // The only other one was well again at 120 s.
        var away = new Fault(FaultKind.Pause, "b", At(95), At(120));
        Assert.True(IsExplained("node_down", 130, faults: [kill, away]));
        Assert.False(IsExplained("node_down", 145, faults: [kill, away]));
    }

    [Fact]
    public void What_was_given_back_in_order_may_wait_until_a_node_that_went_down_is_in_doubt_and_no_longer()
    {
        var given = new Change { Address = Mine, Was = "incarnation-a", At = At(99) };
        Assert.False(IsExplained(Explain([given]), "node_down", 105));
        var paused = Explain([given], new Fault(FaultKind.Pause, "b", At(98), At(120)));
        Assert.True(IsExplained(paused, "node_down", 105));
        Assert.False(IsExplained(paused, "node_down", 112));
        Assert.False(IsExplained(paused, "database_down", 105));
    }

    [Fact]
    public void What_a_node_kept_while_the_database_was_away_is_lost_with_it()
    {
        Fault[] faults = [new Fault(FaultKind.Database, "", At(95), At(99)), new Fault(FaultKind.Kill, "a", At(100), At(100))];
        Assert.True(IsExplained("node_down", 95, faults: faults));
        Assert.False(IsExplained("node_down", 92, faults: faults));
        Assert.False(IsExplained("node_down", 95, Others, faults: faults));
    }

    [Fact]
    public void Without_the_database_slots_are_missed_for_everybody_and_without_the_way_to_it_for_the_one_that_is_cut_off()
    {
        var down = new Fault(FaultKind.Database, "", At(100), At(105));
        Assert.True(IsExplained("database_down", 103, faults: down));
        Assert.False(IsExplained("database_down", 110, faults: down));
        var cut = new Fault(FaultKind.Cut, "a", At(100), At(105));
        Assert.True(IsExplained("database_down", 103, faults: cut));
        Assert.False(IsExplained("database_down", 103, Others, faults: cut));
    }

    [Fact]
    public void A_breaker_may_be_open_only_at_the_node_that_has_no_way_to_its_devices()
    {
        var cut = new Fault(FaultKind.Devices, "a", At(100), At(110));
        Assert.False(IsExplained("breaker_open", 98, faults: cut));
        Assert.True(IsExplained("breaker_open", 105, faults: cut));
        Assert.True(IsExplained("late", 105, faults: cut));
        Assert.True(IsExplained("breaker_open", 127, faults: cut));
        Assert.False(IsExplained("breaker_open", 129, faults: cut));
        Assert.False(IsExplained("breaker_open", 105, Others, faults: cut));
        Assert.False(IsExplained("node_down", 105, faults: cut));
        Assert.False(IsExplained("database_down", 105, faults: cut));
    }

    [Fact]
    public void A_start_of_a_node_may_make_short_intervals_late_and_long_ones_never()
    {
        var start = new Fault(FaultKind.Start, "c", At(100), At(101));
        Assert.True(IsExplained("late", 101, faults: start));
        Assert.False(IsExplained("late", 110, faults: start));
        Assert.False(IsExplained("late", 101, intervalSeconds: 30, faults: start));
    }

    [Fact]
    public void A_second_poll_needs_a_node_that_went_down_or_one_that_was_continued()
    {
        var row = Row("ok", Mine, 1);
        var kill = Explain(new Fault(FaultKind.Kill, "a", At(100), At(100)));
        Assert.True(kill.MayBeLost(row, At(100)));
        Assert.False(kill.MayBeLost(row, At(90)));
        Assert.False(kill.MayBeLost(Row("ok", Others, 1), At(100)));
        Assert.False(kill.IsContinued(row, At(100)));
        var pause = Explain(new Fault(FaultKind.Pause, "a", At(100), At(120)));
        Assert.True(pause.IsContinued(row, At(120)));
        Assert.False(pause.IsContinued(row, At(110)));
        Assert.False(pause.IsContinued(row, At(130)));
    }

    [Fact]
    public void A_process_may_end_by_itself_only_when_it_was_to_start_without_the_database()
    {
        var cut = Explain(new Fault(FaultKind.Cut, "a", At(100), At(110)));
        Assert.True(cut.MayExit(new Fault(FaultKind.Exit, "a", At(105), At(105)) { Code = 1 }));
        Assert.False(cut.MayExit(new Fault(FaultKind.Exit, "a", At(105), At(105)) { Code = 2 }));
        Assert.False(cut.MayExit(new Fault(FaultKind.Exit, "b", At(105), At(105)) { Code = 1 }));
        Assert.False(cut.MayExit(new Fault(FaultKind.Exit, "a", At(90), At(90)) { Code = 1 }));
    }

    private static bool IsExplained(string reason, int at, string address = Mine, int intervalSeconds = 1, params Fault[] faults) =>
        IsExplained(Explain(faults), reason, at, address, intervalSeconds);

    private static bool IsExplained(Explanation explanation, string reason, int at, string address = Mine, int intervalSeconds = 1) =>
        explanation.Unexplained(Row(reason, address, intervalSeconds), At(at)) is null;

    /// <summary>Two nodes since the start; a owns one endpoint, b the other.</summary>
    private static Explanation Explain(params Fault[] faults) => Explain([], faults);

    private static Explanation Explain(Change[] later, params Fault[] faults) => new(
        new Ownership([new Change { Address = Mine, Owner = "incarnation-a", At = At(1) }, new Change { Address = Others, Owner = "incarnation-b", At = At(1) }, .. later]),
        [new Fault(FaultKind.Start, "a", At(0), At(1)), new Fault(FaultKind.Start, "b", At(0), At(1)), .. faults],
        incarnation => incarnation[^1..]);

    private static LedgerRow Row(string reason, string address, int intervalSeconds) =>
        new() { Device = "meter", Address = address, Outcome = "missed", Reason = reason, Slots = 1, IntervalUs = intervalSeconds * 1_000_000L };

    private static Instant At(int seconds) => Start + TimeSpan.FromSeconds(seconds);
}
