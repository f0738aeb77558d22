using Rondo.Host.Commands;
using Rondo.Jobs;
using Spectre.Console;

namespace Rondo.Tests.Jobs;

/// <summary>A job that is looked at until it has ended.</summary>
public sealed class JobFollowTests
{
    [Fact]
    public async Task A_job_that_is_not_there_any_more_is_told_and_is_no_good_end()
    {
        Assert.Equal((true, "job 1: done"), await FollowAsync(isWorked: true, "done"));
        Assert.Equal((false, "job 1: dead"), await FollowAsync(isWorked: true, "dead"));
        Assert.Equal((false, "job 1 is not there any more; what came of it cannot be told"), await FollowAsync(isWorked: true));
        Assert.Equal((false, "job 1 is not there any more; what came of it cannot be told"), await FollowAsync(isWorked: true, "running"));
    }

    [Fact]
    public async Task A_job_that_no_node_is_there_to_begin_is_not_waited_for()
    {
        Assert.Equal((true, "job 1: ready; no node with the role work runs to begin it. Start one: rondo serve"), await FollowAsync(isWorked: false, "ready", "done"));
        Assert.Equal((true, "job 1: done"), await FollowAsync(isWorked: true, "ready", "done"));
    }

    /// <summary>The states it is found in, one after another; then it is not there any more.</summary>
    private static async Task<(bool, string)> FollowAsync(bool isWorked, params string[] states)
    {
        var (said, found) = (new List<string>(), new Queue<string>(states));
        var isGood = await JobFollow.RunAsync(
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }),
            1,
            () => Task.FromResult(found.TryDequeue(out var state) ? new JobDetails(new JobRow { Id = 1, State = state }, [], null, []) : null),
            () => Task.FromResult(isWorked),
            TimeProvider.System,
            said.Add,
            TestContext.Current.CancellationToken);
        return (isGood, Assert.Single(said));
    }
}
