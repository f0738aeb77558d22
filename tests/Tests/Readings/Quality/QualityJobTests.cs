using Rondo.Jobs;
using Rondo.Host.Jobs;
using Rondo.Readings.Quality;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Quality;

public sealed class QualityJobTests
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task The_daily_job_keeps_what_it_finds_and_tells_the_feed_and_finds_the_same_again(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        await rondo.Server.Database.WriteAsync("fill", tx =>
        {
            Rondo.Readings.SeriesStore.AddSources(tx, [(1, "M1")], tx.Now, "meter");
            Rondo.Readings.SeriesStore.AddSeries(tx, [new(1, 1, 0, "M1/import", "kWh", "energy"), new(2, 1, 1, "M1/export", "kWh", "energy"), new(3, 1, 2, "M1/quiet", "kWh", "energy")]);
            var day = Yesterday(tx.Now);
            for (var half = 0; half < 48; half++)
            {
                tx.Execute(
                    new Sql("test", $"insert into sample (source_id, at, vals) values (1, @at, {(tx.Dialect == Dialect.Sqlite ? $"'[{(half == 7 ? -1 : 1)},1]'" : $"array[{(half == 7 ? -1 : 1)},1]::float8[]")})"),
                    new { at = day + (TimeSpan.FromMinutes(30) * half) });
            }
        });
        for (var round = 0; round < 2; round++)
        {
            var job = await rondo.Server.Database.WriteAsync("enqueue", tx => rondo.Server.Jobs.Enqueue(tx, new QualityArgs()));
            rondo.Server.Worker!.Wake();
            await Eventually.TrueAsync(async () => (await rondo.GetAsync($"/api/jobs/{job.Id}")).Good().GetProperty("job").GetProperty("state").GetString() == "done", "the day is judged");
            var findings = (await rondo.GetAsync("/api/readings/findings")).Good().GetProperty("findings");
            var found = Assert.Single(findings.EnumerateArray());
            Assert.Equal(("M1/import", 48, 1), (found.GetProperty("series").GetString(), found.GetProperty("present").GetInt32(), found.GetProperty("negative").GetInt32()));
        }

        var told = await Eventually.GetAsync(
            () => rondo.Server.Database.ReadAsync("events", tx => tx.Query<string>(new Sql("test", "select data from live_event where name = 'readings.quality'"))), said => said.Count == 2, "the feed is told");
        Assert.All(told, said => Assert.True(said.Contains("\"not_good\":1", StringComparison.Ordinal) && said.Contains("\"series\":2", StringComparison.Ordinal), said));
    }

    private static Instant Yesterday(Instant now) => new(now.Micros - (now.Micros % 86_400_000_000) - 86_400_000_000);
}
