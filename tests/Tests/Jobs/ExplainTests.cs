using Rondo.Jobs;
using Rondo.Jobs.Keys;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs;

/// <summary>Reasons that take more than one job, or a crash.</summary>
public sealed class ExplainTests
{
    [Theory, BothDatabases]
    public async Task Who_waits_for_a_key_hears_who_holds_it_or_that_it_opens(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), new HandlerOptions<Work> { ConcurrencyKey = w => w.Key }, isRunning: false);
        var first = await rig.EnqueueAsync("a", "k");
        var second = await rig.EnqueueAsync("b", "k");
        var third = await rig.EnqueueAsync("c", "k");
        var opens = (await ExplainAsync(rig, first)).Reasons[0];
        Assert.Equal("key_opens", opens.Code);
        Assert.Contains("'work:k' has a free slot (0 of 1 held)", opens.Message, StringComparison.Ordinal);
        rig.Database.Write("test", tx => Gate.Answer(tx));

        var explanation = await ExplainAsync(rig, third);
        Assert.Equal(("key_at_limit", "blocked"), (explanation.Reasons[0].Code, explanation.State));
        Assert.Equal([first], explanation.Holders);
        Assert.Contains($"at its limit of 1: held by job {first}; 1 of the same key go before it", explanation.Reasons[0].Message, StringComparison.Ordinal);
        Assert.Contains("it is the next one of them", (await ExplainAsync(rig, second)).Reasons[0].Message, StringComparison.Ordinal);
        Assert.Contains((await ExplainAsync(rig, first)).Reasons, r => r.Code == "next");
    }

    [Theory, BothDatabases]
    public async Task A_suspect_hears_that_it_waits_to_be_alone(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        await rig.EnqueueAsync("other suspect");
        var id = await rig.EnqueueAsync("suspect");
        await rig.Store.ExecuteAsync("update job_ready set crashes = 2");
        var reason = Assert.Single((await ExplainAsync(rig, id)).Reasons, r => r.Code == "suspect");
        Assert.Contains("its node died 2 times while it ran", reason.Message, StringComparison.Ordinal);
        Assert.Contains("1 suspects go before it", reason.Message, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task A_job_of_a_node_that_is_gone_says_so(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var id = await rig.EnqueueAsync("a");
        Assert.Single(rig.Claim(await rig.OtherAsync()));
        await rig.BuryOtherAsync();
        var explanation = await ExplainAsync(rig, id);
        Assert.Equal(("node_gone", rig.OtherId), (explanation.Reasons[0].Code, explanation.Node));
        Assert.Equal("claimed", explanation.Reasons[1].Code);
    }

    [Theory, BothDatabases]
    public async Task A_queue_without_workers_by_settings_and_a_kind_that_others_run_are_told_as_such(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var id = await rig.EnqueueAsync("a");
        var off = new JobOperations(rig.Database, new JobHandlers(), rig.Options with { Queues = new Dictionary<string, int> { ["default"] = 0 } }, _ => { });
        var reasons = (await off.ExplainAsync(id))!.Reasons;
        Assert.Contains("0 workers by the settings", Assert.Single(reasons, r => r.Code == "no_workers").Message, StringComparison.Ordinal);
        Assert.Contains("whether one runs is not known here", Assert.Single(reasons, r => r.Code == "kind_unknown").Message, StringComparison.Ordinal);
        Assert.DoesNotContain((await ExplainAsync(rig, id)).Reasons, r => r.Code == "no_workers");

        // A wish of an operator counts before settings.
        await off.Queues.ScaleAsync("default", 3);
        Assert.DoesNotContain((await off.ExplainAsync(id))!.Reasons, r => r.Code == "no_workers");

        // Who holds one of this kind runs them.
        Assert.Single(rig.Claim(await rig.OtherAsync()));
        var next = await rig.EnqueueAsync("b");
        Assert.Contains($"Node {rig.OtherId} does", Assert.Single((await off.ExplainAsync(next))!.Reasons, r => r.Code == "kind_unknown").Message, StringComparison.Ordinal);
        Assert.Contains("default", (await off.FactsAsync()).Held);
    }

    private static async Task<JobExplanation> ExplainAsync(JobRig rig, long id) =>
        (await new JobOperations(rig.Database, new JobHandlers(), rig.Options, _ => { }).ExplainAsync(id))!;
}
