using System.Net;
using Rondo.Storage;

namespace Rondo.Tests.Http;

/// <summary>What is not clean is said, by a server of its own: its health would be that of all tests which share one.</summary>
public class ValidationTests
{
    private static readonly Sql _age = new("test.age", "update poll_plan set from_at = @from where group_id in (select g.id from poll_group g join device d on d.id = g.device_id where d.name = 'meter')");

    [Fact]
    public async Task Validation_answers_and_names_a_hole()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        (await rondo.AskAsync(HttpMethod.Put, "/api/devices/meter", rondo.Meter("meter"))).Good(HttpStatusCode.Created);
        var clean = (await rondo.GetAsync("/api/polling/validate")).Good();
        Assert.Equal(0, clean.GetProperty("holes").GetInt64());
        Assert.True(clean.GetProperty("is_clean").GetBoolean());

        // As if the plan had been in force for a minute without an outcome.
        var now = rondo.Server.Database.Clock.Now;
        await rondo.Server.Database.WriteAsync("test", tx => { tx.Execute(_age, new { from = now - TimeSpan.FromMinutes(1) }); });
        var holed = (await rondo.GetAsync("/api/polling/validate")).Good();
        Assert.False(holed.GetProperty("is_clean").GetBoolean());
        Assert.Equal("meter", holed.GetProperty("hole_list")[0].GetProperty("device").GetString());
        Assert.True(holed.GetProperty("holes").GetInt64() > 200);

        var before = (await rondo.GetAsync($"/api/polling/validate?to={now - TimeSpan.FromMinutes(2)}")).Good();
        Assert.Equal(0, before.GetProperty("expected").GetInt64());
    }
}
