using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>The way in while nobody is an admin.</summary>
public sealed class SetupTests
{
    private static readonly Actor Me = new("setup", "first admin", "127.0.0.1");

    [Fact]
    public async Task The_code_gives_the_first_admin_a_token_once()
    {
        using var folder = new TempFolder();
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"));
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0") }, CancellationToken.None);
        using var client = new HttpClient { BaseAddress = api.Address };
        Assert.Equal(HttpStatusCode.Forbidden, await ClaimAsync("anything"));
        var code = (await server.OfferSetupAsync(CancellationToken.None))!;
        Assert.Equal(26, code.Length);
        Assert.Equal(HttpStatusCode.Forbidden, await ClaimAsync(code[..^1]));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await ClaimAsync(code, "a b"));
        using var answer = await client.PostAsJsonAsync("/api/setup", new { code });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var token = (await answer.Content.ReadFromJsonAsync<Dictionary<string, string>>())!;
        Assert.Equal(("admin", "admin"), (token["name"], token["role"]));
        client.DefaultRequestHeaders.Authorization = new("Bearer", token["token"]);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/nodes")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await ClaimAsync(code));
        Assert.Null(await server.OfferSetupAsync(CancellationToken.None));

        async Task<HttpStatusCode> ClaimAsync(string with, string name = "me") => (await client.PostAsJsonAsync("/api/setup", new { code = with, name })).StatusCode;
    }

    [Theory, BothDatabases]
    public async Task It_is_over_after_an_hour_and_when_somebody_else_became_an_admin(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        var late = (await FirstAdmin.OfferAsync(store.Database, time, _ => { }))!;
        time.Advance(TimeSpan.FromMinutes(61));
        Assert.Null(await late.ClaimAsync(late.Code, "me", Me));
        var (one, other) = ((await FirstAdmin.OfferAsync(store.Database, time, _ => { }))!, (await FirstAdmin.OfferAsync(store.Database, time, _ => { }))!);
        Assert.Null(await one.ClaimAsync(other.Code, "me", Me));
        Assert.NotNull(await one.ClaimAsync(one.Code, "me", Me));
        Assert.Equal(AccessRefusal.Taken, (await Assert.ThrowsAsync<AccessRefused>(() => other.ClaimAsync(other.Code, "you", Me))).Reason);
        Assert.Null(await FirstAdmin.OfferAsync(store.Database, time, _ => { }));
    }

    [Theory, BothDatabases]
    public async Task Of_many_who_present_the_code_at_once_one_gets_the_token_and_a_lost_database_does_not_use_it_up(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var first = (await FirstAdmin.OfferAsync(store.Database, TimeProvider.System, _ => { }))!;
        store.Database.Before = SteeredDatabase.Away;
        await Assert.ThrowsAsync<StorageFault>(() => first.ClaimAsync(first.Code, "me", Me));
        store.Database.Before = null;
        var claims = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => first.ClaimAsync(first.Code, $"me{n}", Me)));
        Assert.Single(claims, c => c is not null);
    }
}
