using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs.History;

/// <summary>A checker that finds nothing proves nothing: each rule is shown to see what breaks it.</summary>
public sealed class JobHistoryCheckTests
{
    private static readonly Instant Noon = new(1_800_000_000_000_000);

    /// <summary>One of each kind, and nothing wrong with any.</summary>
    private static readonly JobHistory Clean = new()
    {
        Accepted = [1, 2, 3, 4],
        EffectKinds = ["effect"],
        Culprits = [4],
        Effects = [new(1, 3, "a", 2)],
        Runs = [new("k", 1, 3, "a", Noon, At(1)), new("k", 2, 1, "b", At(1), At(2))],
        Jobs =
        [
            new(1, "job_history", "done", "effect") { Attempts = 2, LeaseNo = 3, Node = "a" },
            new(2, "job_history", "cancelled", "effect") { Attempts = 1, LeaseNo = 1, Node = "b" },
            new(3, "job_history", "dead", "effect") { Attempts = 2, MaxAttempts = 2, LeaseNo = 2, Node = "b", Error = "broken" },
            new(4, "job_history", "dead", "effect") { Attempts = 3, LeaseNo = 3, Crashes = 3, Node = "a", Error = "crash_loop: its node died" },
        ],
        Failures =
        [
            new(1, 1, 1, "retry"), new(1, 2, 2, "snooze"), new(2, 1, 1, "cancelled"), new(3, 1, 1, "retry"), new(3, 2, 2, "dead"), new(4, 1, 1, "crashed"), new(4, 2, 2, "crashed"),
            new(4, 3, 3, "crashed"),
        ],
        Deaths = new Dictionary<string, Instant> { ["a"] = At(10) },
    };

    /// <summary>Still at work: one that runs under a key, one that waits for it, one that is scheduled.</summary>
    private static readonly JobHistory Busy = new()
    {
        IsOver = false,
        Accepted = [1, 2, 3],
        Jobs =
        [
            new(1, "job_running", "running", "effect") { Attempts = 1, LeaseNo = 1, ConcurrencyKey = "k", ConcurrencyLimit = 1, UniqueKey = "u", Node = "a" },
            new(2, "job_waiting", "blocked", "effect") { ConcurrencyKey = "k", ConcurrencyLimit = 1 },
            new(3, "job_waiting", "scheduled", "effect") { Attempts = 1, LeaseNo = 1, UniqueKey = "~v" },
        ],
        Failures = [new(3, 1, 1, "retry")],
        Slots = [new("k", 1, 1)],
        Uniques = [new("u", 1)],
        Wishes = [1],
    };

    [Fact]
    public void Clean_histories_are_clean()
    {
        Assert.Empty(JobHistoryCheck.Violations(Clean));
        Assert.Empty(JobHistoryCheck.Violations(Busy));
        Assert.Equal(0, Overlaps.OfTheDead(Clean));
    }

    [Fact]
    public void A_job_that_was_accepted_and_is_nowhere_is_lost() => Breaks("lost", Clean with { Accepted = [1, 2, 3, 4, 5] });

    [Fact]
    public void A_job_in_two_tables_or_twice_in_one_is_doubled()
    {
        Breaks("doubled", Clean with { Jobs = [.. Clean.Jobs, Clean.Jobs[1]] });
        Breaks("doubled", Busy with { Jobs = [.. Busy.Jobs, new(2, "job_history", "cancelled", "effect")] });
    }

    [Fact]
    public void A_job_that_has_not_ended_when_all_is_over_is_found() => Breaks("unended", Clean with { Jobs = [.. Clean.Jobs, new(5, "job_ready", "ready", "effect")] });

    [Fact]
    public void An_effect_of_a_job_that_nobody_knows_is_found() => Breaks("strange", Clean with { Effects = [.. Clean.Effects, new(9, 1, "a", 1)] });

    [Fact]
    public void A_job_that_ended_well_twice_is_found_also_when_it_was_run_again_under_the_same_lease()
    {
        var twice = Clean with { Effects = [.. Clean.Effects, new(1, 2, "b", 2)] };
        Breaks("repeated", twice);
        Assert.Empty(JobHistoryCheck.Violations(twice with { Rerun = [1] }));
        Breaks("repeated", Clean with { Effects = [.. Clean.Effects, Clean.Effects[0]], Rerun = [1] });
    }

    [Fact]
    public void An_end_without_its_effect_or_with_that_of_another_attempt_is_unfounded()
    {
        Breaks("unfounded", Clean with { Effects = [] });
        Breaks("unfounded", Clean with { Effects = [new(1, 2, "a", 2)] });
        Breaks("unfounded", Clean with { Effects = [new(1, 3, "b", 2)] });
        Breaks("unfounded", Clean with { Effects = [new(1, 3, "a", 1)] });
    }

    [Fact]
    public void An_effect_of_a_job_that_did_not_end_well_is_an_intrusion() => Breaks("intruded", Clean with { Effects = [.. Clean.Effects, new(2, 1, "b", 1)] });

    [Fact]
    public void A_slot_that_its_job_has_no_right_to_is_a_leak()
    {
        Breaks("slot", Clean with { Slots = [new("k", 1, 1)] });
        Breaks("slot", Busy with { Slots = [new("k", 2, 1)] });
        Breaks("slot", Busy with { Slots = [new("k", 1, 1), new("k", 1, 2)] });
        Breaks("slot", Busy with { Slots = [new("k", 1, 1), new("k", 1, 1)] });
        Breaks("slot", Busy with { Slots = [] });
    }

    [Fact]
    public void A_unique_key_that_is_held_by_nobody_alive_is_a_leak_and_one_that_is_free_while_its_job_lives_is_found()
    {
        Breaks("unique", Clean with { Uniques = [new("u", 1)] });
        Breaks("unique", Busy with { Uniques = [new("u", 2)] });
        Breaks("unique", Busy with { Uniques = [] });
    }

    [Fact]
    public void A_wish_about_what_does_not_run_is_left_over() => Breaks("wish", Clean with { Wishes = [2] });

    [Fact]
    public void Two_failures_under_one_lease_are_found() => Breaks("failures", Clean with { Failures = [.. Clean.Failures, new(3, 2, 2, "released")] });

    [Fact]
    public void A_failure_under_the_lease_of_the_end_or_one_that_was_never_given_is_found()
    {
        Breaks("leases", Clean with { Failures = [new(1, 1, 1, "retry"), new(1, 2, 3, "snooze"), .. Clean.Failures.Skip(2)] });
        Breaks("leases", Clean with { Failures = [.. Clean.Failures.Skip(1), new(1, 1, 7, "retry")] });
    }

    [Fact]
    public void Attempts_that_do_not_add_up_are_found()
    {
        foreach (var attempts in new[] { 1, 3, 6 })
        {
            Breaks("attempts", With(Clean.Jobs[0] with { Attempts = attempts, LeaseNo = 3 }, [new(1, 3, "a", attempts)]));
        }

        Breaks("attempts", Busy with { Jobs = [.. Busy.Jobs.Skip(1), Busy.Jobs[0] with { Attempts = 2, LeaseNo = 2 }] });
        Breaks("attempts", Busy with { Jobs = [.. Busy.Jobs.Take(2), Busy.Jobs[2] with { Attempts = 0 }] });
    }

    [Fact]
    public void An_innocent_that_is_buried_and_a_culprit_that_is_not_are_found()
    {
        Breaks("buried", Clean with { Culprits = [] });
        Breaks("escaped", Clean with { Culprits = [3, 4] });
    }

    [Fact]
    public void Two_of_one_key_that_ran_at_once_are_found_unless_the_node_of_the_first_was_dead()
    {
        Breaks("overlap", Clean with { Runs = [new("k", 1, 3, "a", Noon, At(2)), new("k", 2, 1, "b", At(1), At(3))] });
        Breaks("overlap", Clean with { Runs = [new("k", 1, 3, "c", Noon, null), new("k", 2, 1, "b", At(100), At(101))] });
        Breaks("overlap", Clean with { Runs = [new("k", 1, 3, "a", Noon, At(90)), new("k", 2, 1, "b", At(1), At(2)), new("k", 3, 1, "b", At(3), At(4))] });
        var late = Clean with { Runs = [new("k", 1, 3, "a", Noon, At(20)), new("k", 2, 1, "b", At(11), At(12)), new("j", 3, 1, "b", At(11), At(12))] };
        Assert.Empty(JobHistoryCheck.Violations(late));
        Assert.Equal(1, Overlaps.OfTheDead(late));
        Assert.Empty(JobHistoryCheck.Violations(Clean with { Runs = [new("k", 1, 3, "a", Noon, null), new("k", 2, 1, "b", At(11), At(12))] }));
    }

    [Theory, BothDatabases]
    public async Task What_the_tables_say_is_read_and_what_is_done_to_them_by_hand_is_found(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(
            kind, (_, _, _) => Task.FromResult(JobResult.Done), new HandlerOptions<Work> { ConcurrencyKey = w => w.Key, UniqueKey = w => w.Name }, isRunning: false);
        var ids = new List<long>();
        foreach (var (name, key) in new[] { ("a", null), ("b", "k"), ("c", "k"), ("d", null) })
        {
            ids.Add(await rig.EnqueueAsync(name, key));
        }

        rig.Database.Write("test", tx => Rondo.Jobs.Keys.Gate.Answer(tx));
        var node = await rig.OtherAsync();
        var claimed = rig.Claim(node);
        Assert.Equal([ids[0], ids[1], ids[3]], claimed.Select(j => j.Id).Order());
        rig.Write(node, rig.Ended(claimed.Single(j => j.Id == ids[0]), Outcome.Done), rig.Ended(claimed.Single(j => j.Id == ids[3]), Outcome.Dead, "broken"));
        await rig.BuryOtherAsync();
        var known = new JobHistory { IsOver = false, Accepted = ids };
        var history = await ReadAsync(rig, known);
        Assert.Empty(JobHistoryCheck.Violations(history));
        Assert.Equal(["blocked", "dead", "done", "running"], history.Jobs.Select(j => j.State).Order());
        Assert.Equal((1, 2, 1, 1), (history.Slots.Count, history.Uniques.Count, history.Failures.Count, history.Deaths.Count(d => d.Key == rig.OtherId)));

        foreach (var (rule, statement, again) in new[]
        {
            ("slot", "insert into job_slot (key, n, job_id) values ('work:other', 1, @a)", "delete from job_slot where key = 'work:other'"),
            ("unique", "insert into job_unique (key, job_id) values ('work:x', @a)", "delete from job_unique where key = 'work:x'"),
            ("wish", "insert into job_cancel (job_id, at, reason) values (@a, @now, 'r')", "delete from job_cancel"),
            ("attempts", "update job_history set attempts = 0 where id = @a", "update job_history set attempts = 1 where id = @a"),
            ("lost", "delete from job_waiting where id = @c", ""),
        })
        {
            await rig.Store.ExecuteAsync(statement, new { a = ids[0], c = ids[2], now = rig.Database.Clock.Now });
            Breaks(rule, await ReadAsync(rig, known));
            if (again.Length > 0)
            {
                await rig.Store.ExecuteAsync(again, new { a = ids[0] });
                Assert.Empty(JobHistoryCheck.Violations(await ReadAsync(rig, known)));
            }
        }
    }

    private static Task<JobHistory> ReadAsync(JobRig rig, JobHistory known) => rig.Database.ReadAsync("test", tx => JobHistoryReader.Read(tx, known));

    private static Instant At(int seconds) => Noon + TimeSpan.FromSeconds(seconds);

    private static JobHistory With(StoredJob first, IReadOnlyList<JobEffect> effects) => Clean with { Jobs = [first, .. Clean.Jobs.Skip(1)], Effects = effects };

    /// <summary>This rule says so, whatever else does.</summary>
    private static void Breaks(string rule, JobHistory history) => Assert.Contains(rule, JobHistoryCheck.Violations(history).Select(v => v.Rule));
}
