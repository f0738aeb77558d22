using System.Net;
using Rondo.Host.Http;
using Rondo.Security;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>One token asks no more often than it may, and harms nobody else.</summary>
public sealed class TokenPaceTests
{
    [Fact]
    public void Twice_as_many_at_once_as_a_second_then_so_many_a_second()
    {
        var time = new FakeTime();
        var pace = new Pace(time, 10, 20);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Null(pace.Take("a")));
        Assert.Equal(0.1, pace.Take("a")!.Value.TotalSeconds, 6);
        Assert.Null(pace.Take("b"));

        // What is refused is not counted, so whoever keeps on asking is not held up for ever.
        time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(0.05, pace.Take("a")!.Value.TotalSeconds, 6);
        time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Null(pace.Take("a"));
        Assert.NotNull(pace.Take("a"));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(20, Enumerable.Range(0, 100).Count(_ => pace.Take("a") is null));
    }

    [Fact]
    public void Those_who_asked_longest_ago_are_forgotten_and_not_those_who_keep_on()
    {
        var time = new FakeTime();
        var pace = new Pace(time, 1, 2);
        for (var n = 0; n < 3 * Pace.Most; n++)
        {
            time.Advance(TimeSpan.FromTicks(1));
            pace.Take("wild");
            pace.Take($"{n}");
        }

        Assert.InRange(pace.Count, 1, Pace.Most);
        Assert.NotNull(pace.Take("wild"));
    }

    [Fact]
    public async Task A_token_that_asks_too_often_is_told_when_to_ask_again_and_others_are_served()
    {
        using var folder = new TempFolder();
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"), "work");
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), RatePerToken = 1 }, CancellationToken.None);
        using var wild = await HttpFixture.ClientAsync(server, api, Role.Viewer);
        using var other = await HttpFixture.ClientAsync(server, api, Role.Viewer);
        using var nobody = new HttpClient { BaseAddress = api.Address };
        HttpStatusCode status;
        var served = 0;
        do
        {
            using var answer = await wild.GetAsync("/api/queues");
            status = answer.StatusCode;
            served += status == HttpStatusCode.OK ? 1 : 0;
            if (status == HttpStatusCode.TooManyRequests)
            {
                Assert.Equal(1, answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
                Assert.Contains("http.rate_per_token", await answer.Content.ReadAsStringAsync());
            }
        }
        while (status == HttpStatusCode.OK && served < 1_000);
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.True(served >= 2);
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync("/api/queues")).StatusCode);
        for (var n = 0; n < 10; n++)
        {
            Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync("/health/live")).StatusCode);
        }

        await Eventually.TrueAsync(async () => (await wild.GetAsync("/api/queues")).StatusCode == HttpStatusCode.OK, "after a second it may ask again");
        await server.StopAsync();
    }
}
