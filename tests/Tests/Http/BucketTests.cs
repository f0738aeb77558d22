using System.Net;
using Rondo.Readings;
using Rondo.Storage;
using Rondo.Tests.Host;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Questions in buckets, over HTTP and by command, about a series of half-hours that was put there.</summary>
[Collection(HttpCollection.Name)]
public class BucketTests(HttpFixture rondo) : IAsyncLifetime
{
    private const string Window = "from=2026-01-10T00:00:00Z&to=2026-01-12T00:00:00Z";
    private static readonly Instant _start = Instant.From(new DateTime(2026, 1, 10, 0, 0, 0, DateTimeKind.Utc));
    private readonly string _name = "bucket" + Ids.New();

    public async ValueTask InitializeAsync() => await rondo.Server.Database.WriteAsync("test.fill", tx =>
    {
        var id = SeriesStore.TakeIds(tx, 3);
        SeriesStore.AddSources(tx, [(id, _name)], _start);
        SeriesStore.AddSeries(tx, [new NewSeries(id + 1, id, 0, $"{_name}/energy", "kWh", "energy"), new NewSeries(id + 2, id, 1, $"{_name}/power", "W", "gauge")]);
        for (var n = 0; n < 96; n++)
        {
            tx.Execute(new Sql("test.put", $"insert into sample (source_id, at, vals) values (@id, @at, '[0.1,{n}]')"), new { id, at = _start + TimeSpan.FromMinutes(30 * n) });
        }
    });

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_series_is_answered_in_buckets_that_say_what_they_are()
    {
        var answer = (await rondo.GetAsync($"/api/readings/{_name}/energy?{Window}&step=1d")).Good();
        Assert.Equal(("1d", "UTC", "sum", 96), (answer.GetProperty("step").GetString(), answer.GetProperty("time_zone").GetString(), answer.GetProperty("agg").GetString(), answer.GetProperty("present").GetInt32()));
        Assert.Equal(["4.8", "4.8"], answer.GetProperty("buckets").EnumerateArray().Select(b => b.GetProperty("value").GetRawText()));
        Assert.False(answer.GetProperty("is_pending").GetBoolean());

        var max = (await rondo.GetAsync($"/api/readings/{_name}/power?{Window}&step=1h&agg=max&tz=Asia/Kathmandu")).Good();
        Assert.Equal("Asia/Kathmandu", max.GetProperty("time_zone").GetString());
        Assert.Equal("max", max.GetProperty("agg").GetString());
        Assert.Equal("2026-01-09T23:15:00Z", max.GetProperty("from").GetString());
        Assert.Equal("raw", (await rondo.GetAsync($"/api/readings/{_name}/power?{Window}&step=auto")).Good().GetProperty("step").GetString());
        Assert.Equal("1h", (await rondo.GetAsync($"/api/readings/{_name}/power?{Window}&points=50")).Good().GetProperty("step").GetString());
        Assert.Equal("raw", (await rondo.GetAsync($"/api/readings/{_name}/power?{Window}")).Good().GetProperty("step").GetString());
    }

    [Fact]
    public async Task Several_series_the_newest_statistics_and_quality_are_answered()
    {
        var many = (await rondo.GetAsync($"/api/readings?series={_name}/power&series={_name}/energy&{Window}&step=1d")).Good().GetProperty("series");
        Assert.Equal([$"{_name}/power", $"{_name}/energy"], many.EnumerateArray().Select(s => s.GetProperty("series").GetString()));
        var newest = (await rondo.GetAsync($"/api/readings/latest?series={_name}/power&series=nobody/x")).Good().GetProperty("readings");
        Assert.Equal(95, Assert.Single(newest.EnumerateArray()).GetProperty("value").GetDouble());
        Assert.Equal(2, (await rondo.GetAsync($"/api/readings/latest?prefix={_name}/")).Good().GetProperty("readings").GetArrayLength());
        var total = (await rondo.GetAsync($"/api/readings/stats?series={_name}/energy&{Window}")).Good().GetProperty("total");
        Assert.Equal(("9.6", 96), (total.GetProperty("sum").GetRawText(), total.GetProperty("count").GetInt32()));
        var days = (await rondo.GetAsync($"/api/readings/quality?series={_name}/power&{Window}")).Good().GetProperty("days");
        Assert.Equal([48, 48], days.EnumerateArray().Select(d => d.GetProperty("present").GetInt32()));
        Assert.Equal("UTC", (await rondo.GetAsync("/api/readings/rollups")).Good().GetProperty("time_zone").GetString());
    }

    [Fact]
    public async Task Lines_are_streamed_as_csv_and_json()
    {
        var csv = await rondo.GetAsync($"/api/readings/{_name}/power?{Window}&format=csv");
        Assert.Equal(HttpStatusCode.OK, csv.Status);
        Assert.Equal("text/csv", csv.MediaType);
        var lines = csv.Text.TrimEnd('\n').Split('\n');
        Assert.Equal(["at,value,quality", "2026-01-10T00:00:00Z,0,good"], lines[..2]);
        Assert.Equal(97, lines.Length);
        var named = await rondo.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"/api/readings?series={_name}/power&series={_name}/energy&{Window}&step=1d"), ("Accept", "application/x-ndjson"));
        Assert.Equal(4, named.Text.TrimEnd('\n').Split('\n').Length);
        Assert.StartsWith($"{{\"series\":\"{_name}/power\",\"at\":\"2026-01-10T00:00:00Z\",\"value\":23.5,", named.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("step=1d", "from is missing")]
    [InlineData($"{Window}&step=2d", "step is '2d'")]
    [InlineData($"{Window}&agg=median", "agg is 'median'")]
    [InlineData($"{Window}&tz=Mars/Base", "tz is 'Mars/Base'")]
    [InlineData($"{Window}&gapfill=none", "gapfill is 'none'")]
    [InlineData($"{Window}&points=0", "points is 0")]
    [InlineData($"{Window}&format=xml", "format is 'xml'")]
    [InlineData($"{Window}&step=1d&limit=5", "limit and order")]
    [InlineData("from=1950-01-01T00:00:00Z&step=15m", "coarser step")]
    public async Task A_question_that_cannot_be_answered_says_what_to_ask(string query, string said) =>
        Assert.Contains(said, (await rondo.GetAsync($"/api/readings/{_name}/power?{query}")).Problem(HttpStatusCode.BadRequest).GetProperty("detail").GetString(), StringComparison.Ordinal);

    [Fact]
    public async Task A_name_that_is_not_there_leads_to_those_like_it()
    {
        foreach (var path in new[] { $"/api/readings/{_name}/powr?{Window}&step=1d", $"/api/readings/stats?series={_name}/powr&{Window}", $"/api/readings/quality?series={_name}/powr&{Window}", $"/api/readings/{_name}/powr?{Window}&format=csv" })
        {
            Assert.Contains($"{_name}/power", (await rondo.GetAsync(path)).Problem(HttpStatusCode.NotFound).GetProperty("near").EnumerateArray().Select(n => n.GetString()));
        }
    }

    [Fact]
    public async Task Commands_tell_the_same()
    {
        using var folder = new TempFolder();
        var run = new CommandRun(folder) { Database = rondo.Server.Database.Address.Shown };
        string[] window = ["--from", "2026-01-10T00:00:00Z", "--to", "2026-01-12T00:00:00Z"];
        await run.GoodAsync(["readings", "rollups", "run", "--tier", "1d", .. window, "--json"]);
        Assert.True(run.Json.GetProperty("sources").GetInt32() > 0);
        await run.GoodAsync("readings", "rollups", "status");
        Assert.Contains("time zone UTC", run.Output, StringComparison.Ordinal);
        await run.GoodAsync(["readings", "export", $"{_name}/energy", .. window, "--step", "1d"]);
        Assert.StartsWith("at,value,count", run.Output, StringComparison.Ordinal);
        Assert.Contains("2026-01-11T00:00:00Z,4.8,48", run.Output, StringComparison.Ordinal);
        await run.GoodAsync(["readings", "export", $"{_name}/energy", .. window, "--json"]);
        Assert.Equal(96, run.Json.GetProperty("series")[0].GetProperty("readings").GetArrayLength());
        await run.GoodAsync(["readings", "stats", $"{_name}/energy", .. window, "--json"]);
        Assert.Equal("9.6", run.Json.GetProperty("series")[0].GetProperty("total").GetProperty("sum").GetRawText());
        await run.GoodAsync(["readings", "quality", $"{_name}/energy", .. window, "--all"]);
        Assert.Contains("2026-01-11", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("readings", "export", $"{_name}/powr"));
        Assert.Contains($"{_name}/power", run.Error, StringComparison.Ordinal);
        Assert.Equal(64, await run.RunAsync("readings", "export", $"{_name}/power", "--step", "2d"));
        Assert.Equal(64, await run.RunAsync("readings", "rollups", "run", "--tier", "raw"));
    }
}
