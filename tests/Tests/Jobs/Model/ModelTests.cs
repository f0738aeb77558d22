using System.Diagnostics;
using System.Globalization;
using Rondo.Jobs.Pump;

namespace Rondo.Tests.Jobs.Model;

/// <summary>The queue on SQLite, on PostgreSQL and as docs/concepts/jobs.md tells it are one and the same.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int Steps = 300;

    [Fact]
    public async Task Random_operations_have_the_same_outcome_on_both_databases_and_in_a_model_of_what_the_docs_say()
    {
        await using var run = await ModelRun.CreateAsync();
        var own = Environment.GetEnvironmentVariable("RONDO_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000);
        output.WriteLine($"RONDO_SEED={own}");
        foreach (var seed in new[] { own, 1, 2, 3 })
        {
            var from = Stopwatch.GetTimestamp();
            await run.RandomAsync(seed, Steps);
            output.WriteLine($"seed {seed}: {Steps} operations in {Stopwatch.GetElapsedTime(from).TotalSeconds:0.0} s");
        }
    }

    [Fact]
    [Trait("Category", "Soak")]
    public async Task Many_more_random_operations_have_the_same_outcome()
    {
        await using var run = await ModelRun.CreateAsync();
        var first = Random.Shared.Next(1_000_000);
        for (var seed = first; seed < first + 40; seed++)
        {
            output.WriteLine($"seed {seed}");
            await run.RandomAsync(seed, 5 * Steps);
        }
    }

    [Fact]
    public async Task The_comparison_sees_a_database_that_does_something_else()
    {
        await using var run = await ModelRun.CreateAsync();
        var operations = new Operation[]
        {
            new Birth("n1"), new Enqueue(new NewOne(1, "a", 0, 0, null, "k1", 2)), new Enqueue(new NewOne(2, "a", 0, 0, "u1", "k1", 2)), new Look(), new Claim("n1", 5, 0),
            new Finish("n1", new End(1, 1, Outcome.Done, 0)), new Fill("k1"), new Claim("n1", 5, 0), new Death("n1"), new ReleaseDead(),
        };
        Assert.Null(await run.ReplayAsync(operations));

        // What only the databases do is what they do wrong.
        var before = new Operation[] { new Birth("n1"), new Enqueue(new NewOne(1, "a", 0, 0, "u1", "k1", 2)), new Look(), new Claim("n1", 5, 0) };
        foreach (var (statement, what) in new[]
        {
            ("delete from job_slot", " slot"), ("update job_running set lease_no = 2", "lease 2"), ("update job_running set attempts = 0", "attempts 0"),
            ("insert into job_unique (key, job_id) values ('other', 0)", "nobody has a right to"),
        })
        {
            Assert.Contains(what, await run.ReplayAsync([.. before, new Tamper(statement)]), StringComparison.Ordinal);
        }
    }
}
