namespace Rondo.Tests.Host;

/// <summary>The path of what a command enqueued, on both databases.</summary>
public sealed class Trace_commands : CommandTests
{
    [Theory]
    [MemberData(nameof(Databases))]
    public async Task What_was_enqueued_under_a_correlation_id_is_found_by_it_with_its_attempts(string kind)
    {
        var run = await StartAsync(kind);
        Assert.Equal(1, await run.RunAsync("trace", "order-4711"));
        Assert.Contains("nothing is known of order-4711", run.Output);
        await run.GoodAsync("jobs", "enqueue", "noop", "--correlation", "order-4711", "--json");
        var id = run.Json.GetProperty("id").GetInt64();
        await run.GoodAsync("jobs", "enqueue", "noop");
        await run.GoodAsync("work", "--once");
        await run.GoodAsync("trace", "order-4711");
        Assert.Contains($"job {id} (default, noop) is done", run.Output);
        Assert.Contains($"job {id}, attempt 1: done", run.Output);
        await run.GoodAsync("trace", "order-4711", "--json");
        var steps = run.Json.GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal(["job", "attempt"], steps.Select(s => s.GetProperty("what").GetString()));
        await run.GoodAsync("trace", steps[0].GetProperty("trace_id").GetString()!);
        foreach (var bad in new[] { "two words", new string('a', 65), "ü" })
        {
            Assert.Equal(64, await run.RunAsync("trace", bad));
            Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "noop", "--correlation", bad));
            Assert.DoesNotContain(bad, run.Error);
        }
    }
}
