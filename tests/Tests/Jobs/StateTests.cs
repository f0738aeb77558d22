using Rondo.Jobs;

namespace Rondo.Tests.Jobs;

/// <summary>The table of states, and small words.</summary>
public sealed class StateTests
{
    [Fact]
    public void Words_are_read_as_they_are_written()
    {
        foreach (var state in JobStates.All)
        {
            Assert.True(JobStates.TryParse(state.Text(), out var read));
            Assert.Equal(state, read);
        }

        Assert.False(JobStates.TryParse("Done", out _));
        Assert.False(JobStates.TryParse(null, out _));
    }

    [Fact]
    public void Only_what_is_claimed_runs_and_every_state_can_be_left_for_an_end()
    {
        Assert.Equal([JobState.Ready], JobStates.All.Where(s => JobStates.MayGo(s, JobState.Running)));
        Assert.Equal([JobState.Running], JobStates.All.Where(s => JobStates.MayGo(s, JobState.Done)));
        Assert.All(JobStates.All.Where(s => !s.IsFinal()), s => Assert.True(JobStates.MayGo(s, JobState.Cancelled)));
        Assert.DoesNotContain(JobStates.All, s => JobStates.MayGo(s, s));
    }

    [Fact]
    public void Delays_between_attempts_follow_the_list_and_its_last_one_stays()
    {
        var policy = RetryPolicy.Default;
        Assert.Equal([10, 30, 60, 60], new[] { 1, 2, 3, 9 }.Select(n => (int)policy.After(n, new Random(1)).TotalSeconds));
    }

    [Fact]
    public void Exponential_delays_double_up_to_their_cap_within_their_jitter()
    {
        var policy = RetryPolicy.Exponential(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(60));
        var random = new Random(3);
        foreach (var (attempt, minutes) in new[] { (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (50, 60) })
        {
            for (var n = 0; n < 100; n++)
            {
                Assert.InRange(policy.After(attempt, random).TotalMinutes, minutes * 0.9, minutes * 1.1);
            }
        }

        Assert.Throws<ArgumentException>(() => RetryPolicy.List());
        Assert.Throws<ArgumentException>(() => RetryPolicy.Exponential(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData("$", "")]
    [InlineData(null, "")]
    [InlineData("$.amount", "/amount")]
    [InlineData("$.lines[2].amount", "/lines/2/amount")]
    [InlineData("$['a.b']", "/a.b")]
    public void A_path_becomes_a_pointer(string? path, string pointer) => Assert.Equal(pointer, JobArgs.Pointer(path));
}
