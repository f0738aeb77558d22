using System.Globalization;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>
/// Everything at once, at random. RONDO_CHAOS_MINUTES says for how long (a few minutes more of a long run find what a short one does not), RONDO_CHAOS_SEED repeats a
/// run, RONDO_CHAOS_RESULT names a file for the result; <c>bench/run cluster-chaos</c> sets them.
/// </summary>
[Collection(Alone.Name)]
public sealed class ClusterChaosTests(ITestOutputHelper output)
{
    private const int Fast = 500;
    private const int Slow = 50;
    private const double ShortMinutes = 0.75;

    [Fact]
    public async Task Random_kills_stops_partitions_and_restarts_leave_one_outcome_for_every_slot_and_miss_only_what_they_explain()
    {
        var seed = Number("RONDO_CHAOS_SEED") is { } given ? (int)given : Random.Shared.Next(1_000_000);
        var minutes = Number("RONDO_CHAOS_MINUTES") ?? ShortMinutes;
        Say($"RONDO_CHAOS_SEED={seed} RONDO_CHAOS_MINUTES={minutes}");

        // Three of them, and a guest.
        await using var cluster = await Cluster.CreateAsync(nodes: 4, Fast + Slow, gateway => gateway <= Fast ? "1s" : "30s", arrivals: (int)(minutes * 60) + 600);
        var own = cluster.Nodes.Take(3).ToArray();
        await Task.WhenAll(own.Select(node => node.StartAsync()));
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(), TimeSpan.FromSeconds(1));

        await new Chaos(cluster, Say).RunAsync(ChaosPlan.Make(seed, minutes * 60, own.Length));
        var even = await cluster.UntilEvenAsync(TimeSpan.FromSeconds(45));
        await cluster.UntilRecordedAsync(even, TimeSpan.FromSeconds(1));

        // The result is there also when what it says is bad.
        var proof = await cluster.ProveAsync(told =>
        {
            var result = told with { Seed = seed, Minutes = minutes };
            Say(result.ToString());
            if (Environment.GetEnvironmentVariable("RONDO_CHAOS_RESULT") is { Length: > 0 } file)
            {
                File.WriteAllText(file, result + "\n");
            }
        });
        proof.Holds();

        // The proof ends an interval of the slowest before the end, so the shorter the run, the smaller its part.
        Assert.True(proof.Result.Slots > minutes * 60 * Fast / 2);
        Assert.True(proof.Result.TakenOver > 0);
    }

    private static double? Number(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : null;

    private void Say(string line) => output.WriteLine($"{Site.Now} {line}");
}
