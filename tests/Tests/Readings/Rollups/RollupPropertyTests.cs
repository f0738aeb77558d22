using System.Globalization;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Rollups;

/// <summary>Random series with holes, resets, slips, late, corrected and removed samples, over clock changes of several zones: both databases have what the oracle has.</summary>
public sealed class RollupPropertyTests
{
    private static readonly double?[] _moduli = [null, 100, 65_536];

    public static TheoryData<string, string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, bool>();
            foreach (var (zone, around) in new[]
            {
                ("Europe/London", "2026-03-29"), ("Europe/London", "2026-10-25"), ("Australia/Lord_Howe", "2026-04-04"), ("Australia/Lord_Howe", "2026-10-03"), ("Asia/Kathmandu", "2025-12-31"),
                ("America/St_Johns", "2026-11-01"), ("America/St_Johns", "2006-10-29"), ("America/St_Johns", "2006-04-02"), ("America/Sao_Paulo", "2018-11-04"), ("UTC", "2026-01-01"),
            })
            {
                cases.Add(zone, around, true);
                cases.Add(zone, around, false);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public Task Rollups_of_random_series_are_what_the_oracle_says_on_both_databases(string zone, string around, bool isPolled) => Seed.RunAsync(async random =>
    {
        var seed = random.Next();
        var kinds = TestPostgres.IsAvailable ? new[] { DatabaseKind.Sqlite, DatabaseKind.Postgres } : [DatabaseKind.Sqlite];
        var dumps = new List<List<string>>();
        foreach (var kind in kinds)
        {
            dumps.Add(await OneAsync(kind, zone, DateTime.Parse(around, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal), isPolled, new Random(seed)));
        }

        Assert.True(dumps[0].Count > 50, $"only {dumps[0].Count} buckets");
        Assert.All(dumps, dump => Assert.Equal(dumps[0], dump));
    });

    private static async Task<List<string>> OneAsync(DatabaseKind kind, string zone, DateTime around, bool isPolled, Random random)
    {
        var (from, until) = (around.AddDays(-2), around.AddDays(3));
        var modulus = _moduli[random.Next(_moduli.Length)];
        await using var rig = await RollupRig.CreateAsync(kind, from, until, zone, TimeSpan.FromMinutes(random.Next(3, 40)), isPolled, modulus);
        var world = new RollupWorld(rig, random, from, until, isPolled, modulus);
        for (var step = 0; step < 25; step++)
        {
            await world.StepAsync();
        }

        await rig.RunAsync(isAll: true, random.Next(3, 400), random.Next(1, 5));
        await world.CompareAsync(zone);
        await AddUpAsync(rig);
        return await rig.DumpAsync();
    }

    // In whatever order they are added: backwards here.
    private static async Task AddUpAsync(RollupRig rig)
    {
        var calendar = rig.Calendar;
        for (var series = 1; series <= RollupRig.Names.Length; series++)
        {
            foreach (var (finer, coarser) in new[] { (Tier.Hour, Tier.Day), (Tier.Hour, Tier.Week), (Tier.Day, Tier.Month), (Tier.Hour, Tier.Year), (Tier.Month, Tier.Year) })
            {
                var parts = await rig.ReadAsync(series, finer);
                foreach (var whole in await rig.ReadAsync(series, coarser))
                {
                    var span = calendar.Bucket(coarser, whole.At);
                    var own = parts.Where(p => span.Holds(p.At)).Reverse().ToList();
                    Assert.Equal(whole.Total, own.Sum(p => p.Total));
                    Assert.Equal(whole.Delta ?? 0, own.Sum(p => p.Delta));
                    Assert.Equal(whole.Unallocated ?? 0, own.Sum(p => p.Unallocated));
                    Assert.Equal(whole.Readings, own.Sum(p => p.Readings));
                }
            }
        }
    }
}
