using System.Diagnostics;
using Rondo.Loops;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

/// <summary>What a running server remembers of who was let in, and how it ends.</summary>
public sealed class AccessTests
{
    private static readonly Actor Me = new("command", "anna", "laptop");

    private static (TokenOperations Tokens, AccessControl Access, AccessLoop Loop) On(TestStore store, TimeProvider time)
    {
        var access = new AccessControl(store.Database, time);
        return (new TokenOperations(store.Database, _ => { }), access, new AccessLoop(access, store.Database, time));
    }

    [Theory, BothDatabases]
    public async Task A_revocation_elsewhere_ends_the_grant_within_a_second_without_any_hint(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await using var elsewhere = store.OpenAsCommand();
        await elsewhere.MeasureClockAsync();
        var tokens = new TokenOperations(elsewhere, _ => { });
        var issued = await tokens.AddAsync(new NewToken("t", Role.Viewer, null, Scopes.Everything), Me);
        var access = new AccessControl(store.Database, TimeProvider.System);
        await using var supervisor = new LoopSupervisor(TimeProvider.System, new Chance(1));
        access.Start(supervisor);
        var grant = (await access.AuthenticateAsync(issued.Text)).Grant!;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registered = grant.Ended.Register(() => ended.SetResult());
        await Eventually.TrueAsync(async () => ReferenceEquals(grant, (await access.AuthenticateAsync(issued.Text)).Grant), "it is remembered");

        var started = Stopwatch.GetTimestamp();
        await tokens.RevokeAsync("t");
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(15));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(1.5), $"it took {Stopwatch.GetElapsedTime(started)}");
        Assert.Equal(AccessEnd.Revoked, grant.End);
        Assert.Equal(AccessDenial.Revoked, (await access.AuthenticateAsync(issued.Text)).Denial);
        Assert.Equal(0, access.Count);
        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
    }

    [Theory, BothDatabases]
    public async Task A_revocation_is_obeyed_while_all_that_writes_has_to_wait(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await using var elsewhere = store.OpenAsCommand();
        await elsewhere.MeasureClockAsync();
        var tokens = new TokenOperations(elsewhere, _ => { });
        var issued = await tokens.AddAsync(new NewToken("t", Role.Viewer, null, Scopes.Everything), Me);
        var access = new AccessControl(store.Database, TimeProvider.System);
        using var free = new ManualResetEventSlim();
        using var waits = new ManualResetEventSlim();
        store.Database.Before = name =>
        {
            if (name == "security.token.used")
            {
                waits.Set();
                Assert.True(free.Wait(TimeSpan.FromMinutes(2)), "the test lets it go on");
            }

            return null;
        };
        await using var supervisor = new LoopSupervisor(TimeProvider.System, new Chance(1));
        access.Start(supervisor);
        var grant = (await access.AuthenticateAsync(issued.Text)).Grant!;
        await Eventually.TrueAsync(() => waits.IsSet, "what is written of its use waits");
        await tokens.RevokeAsync("t");
        await Eventually.TrueAsync(() => grant.Ended.IsCancellationRequested, "it is over all the same");
        Assert.False(free.IsSet);
        free.Set();
        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task On_SQLite_a_revocation_is_seen_while_all_readers_are_taken()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        using var free = new ManualResetEventSlim();
        using var reading = new CountdownEvent(4);
        var readers = Enumerable.Range(0, 4).Select(_ => store.Database.ReadAsync("test", _ =>
        {
            reading.Signal();
            return free.Wait(TimeSpan.FromMinutes(2));
        })).ToArray();
        await Eventually.TrueAsync(() => reading.IsSet, "all read");
        Assert.True(await store.Database.AskAsync("security.revision", TokenStore.Revision).WaitAsync(TimeSpan.FromSeconds(30)) > 0);
        free.Set();
        Assert.All(await Task.WhenAll(readers), Assert.True);
    }

    [Theory, BothDatabases]
    public async Task Nobody_is_let_in_by_what_was_read_before_a_revocation(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        var (tokens, access, loop) = On(store, time);
        var issued = await tokens.AddAsync(new NewToken("t", Role.Viewer, null, Scopes.Everything), Me);
        await loop.PassAsync();

        // The row is read, then revoked, then the loop looks and finds nobody, then what was read is remembered.
        var stale = await store.Database.ReadAsync("test", tx => TokenStore.Find(tx, issued.Token.Prefix)!);
        await tokens.RevokeAsync("t");
        await loop.PassAsync();
        var grant = access.Remember(stale, Convert.FromHexString(stale.Hash));
        Assert.Equal(AccessEnd.None, grant.End);
        await loop.PassAsync();
        Assert.Equal(AccessEnd.Revoked, grant.End);
        Assert.Equal(AccessDenial.Revoked, (await access.AuthenticateAsync(issued.Text)).Denial);
    }

    [Theory, BothDatabases]
    public async Task An_expiry_ends_what_is_open(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        var access = new AccessControl(store.Database, time);
        var loop = new AccessLoop(access, store.Database, time);
        var issued = await new TokenOperations(store.Database, _ => { }).AddAsync(new NewToken("t", Role.Viewer, store.Database.Clock.Now + TimeSpan.FromMinutes(1), Scopes.Everything), Me);
        var grant = (await access.AuthenticateAsync(issued.Text)).Grant!;
        await loop.PassAsync();
        Assert.Equal(AccessEnd.None, grant.End);
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(AccessDenial.Expired, (await access.AuthenticateAsync(issued.Text)).Denial);
        await loop.PassAsync();
        Assert.Equal(AccessEnd.Expired, grant.End);
        await Eventually.TrueAsync(() => grant.Ended.IsCancellationRequested, "it is told");
    }

    [Theory, BothDatabases]
    public async Task When_a_token_was_used_is_written_once_a_minute_at_most(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        var (tokens, access, loop) = On(store, time);
        var issued = await tokens.AddAsync(new NewToken("t", Role.Viewer, null, Scopes.Everything), Me);
        var uses = new UsesLoop(access, store.Database, time);
        var writes = 0;
        store.Database.Before = name => { writes += name == "security.token.used" ? 1 : 0; return null; };
        for (var second = 0; second < 90; second++)
        {
            Assert.NotNull((await access.AuthenticateAsync(issued.Text)).Grant);
            await loop.PassAsync();
            await uses.PassAsync();
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(2, writes);
        var used = (await tokens.ListAsync(all: false))[0].LastUsedAt!.Value;
        Assert.InRange((store.Database.Clock.Now - used).TotalSeconds, 28, 32);
    }

    [Theory, BothDatabases]
    public async Task While_the_database_is_away_those_remembered_are_let_in_for_ten_minutes_and_others_are_told(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        var (tokens, access, loop) = On(store, time);
        var known = await tokens.AddAsync(new NewToken("known", Role.Viewer, null, Scopes.Everything), Me);
        var other = await tokens.AddAsync(new NewToken("other", Role.Viewer, null, Scopes.Everything), Me);
        await loop.PassAsync();
        Assert.NotNull((await access.AuthenticateAsync(known.Text)).Grant);
        store.Database.Before = SteeredDatabase.Away;
        await Assert.ThrowsAsync<StorageFault>(async () => await loop.PassAsync());
        Assert.NotNull((await access.AuthenticateAsync(known.Text)).Grant);
        await Assert.ThrowsAsync<StorageFault>(async () => await access.AuthenticateAsync(other.Text));
        time.Advance(TimeSpan.FromMinutes(11));
        await Assert.ThrowsAsync<StorageFault>(async () => await access.AuthenticateAsync(known.Text));
    }

    [Fact]
    public async Task Beyond_the_bound_those_unused_for_longest_are_forgotten()
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite, time);
        var access = new AccessControl(store.Database, time);
        AccessGrant? first = null;
        for (var n = 0; n <= AccessControl.MostGrants; n++)
        {
            var grant = access.Remember(new TokenRow { Id = n, Name = $"t{n}", Prefix = $"p{n}", Role = "viewer" }, []);
            first ??= grant;
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(AccessControl.MostGrants * 9 / 10, access.Count);
        Assert.Equal(AccessEnd.Forgotten, first!.End);
    }
}
