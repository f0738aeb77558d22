using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

public sealed class TokenTests
{
    private static readonly Actor Me = new("command", "anna", "laptop");

    [Theory, BothDatabases]
    public async Task A_token_is_shown_once_and_the_database_holds_only_its_hash(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var hints = new List<string>();
        var tokens = new TokenOperations(store.Database, hints.Add);
        Assert.Null(Scopes.TryParse("global", "m1,m2*", out var scopes));
        var until = store.Database.Clock.Now + TimeSpan.FromDays(1);
        var issued = await tokens.AddAsync(new NewToken("dash", Role.Viewer, until, scopes), Me);
        Assert.Equal([SecurityModule.Topic], hints);
        Assert.StartsWith($"rondo_{issued.Token.Prefix}_", issued.Text);
        Assert.Equal(58, issued.Text.Length);

        var row = await store.ScalarAsync<string>("select name || prefix || hash || role || topics || devices || created_by from api_token");
        Assert.DoesNotContain(issued.Text[15..], row);
        Assert.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(issued.Text))), row);
        var listed = Assert.Single(await tokens.ListAsync(all: false));
        Assert.Equal(("dash", "viewer", "active", "command anna", until), (listed.Name, listed.Role, listed.State, listed.CreatedBy, listed.ExpiresAt));
        Assert.Equal(["m1", "m2*"], listed.Devices);
        Assert.Null(listed.LastUsedAt);
    }

    [Theory, BothDatabases]
    public async Task What_is_no_token_or_over_lets_nobody_in(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        var tokens = new TokenOperations(store.Database, _ => { });
        var access = new AccessControl(store.Database, time);
        var good = await tokens.AddAsync(new NewToken("good", Role.Operator, store.Database.Clock.Now + TimeSpan.FromMinutes(5), Scopes.Everything), Me);
        var gone = await tokens.AddAsync(new NewToken("gone", Role.Admin, null, Scopes.Everything), Me);
        var view = await tokens.RevokeAsync("gone");
        Assert.Equal("revoked", view.State);

        var answer = await access.AuthenticateAsync(good.Text);
        Assert.Equal(("token", "good", Role.Operator), (answer.Grant!.Caller.Kind, answer.Grant.Caller.Name, answer.Grant.Caller.Role));
        Assert.Equal(AccessDenial.Revoked, (await access.AuthenticateAsync(gone.Text)).Denial);
        // The right prefix with another secret learns nothing of how the token is.
        Assert.Equal(AccessDenial.Unknown, (await access.AuthenticateAsync(gone.Text[..^1] + (gone.Text[^1] == 'A' ? 'E' : 'A'))).Denial);
        Assert.Equal(AccessDenial.Unknown, (await access.AuthenticateAsync(good.Text[..^2] + "AA")).Denial);
        Assert.Equal(AccessDenial.Unknown, (await access.AuthenticateAsync("rondo_00000000_" + good.Text[15..])).Denial);
        foreach (var text in new[] { "", "x", good.Text + "A", good.Text[..^1], good.Text.ToUpperInvariant(), good.Text.Replace('_', '-'), new string('é', 58) })
        {
            Assert.Equal(AccessDenial.Malformed, (await access.AuthenticateAsync(text)).Denial);
        }

        time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(AccessDenial.Expired, (await access.AuthenticateAsync(good.Text)).Denial);
    }

    [Theory, BothDatabases]
    public async Task A_rotated_token_keeps_its_rights_and_its_old_secret_is_worth_nothing(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var tokens = new TokenOperations(store.Database, _ => { });
        var access = new AccessControl(store.Database, TimeProvider.System);
        Assert.Null(Scopes.TryParse(null, "m1", out var scopes));
        var first = await tokens.AddAsync(new NewToken("t", Role.Viewer, null, scopes), Me);
        var second = await tokens.RotateAsync("t", Me);
        Assert.Equal(AccessDenial.Revoked, (await access.AuthenticateAsync(first.Text)).Denial);
        var caller = (await access.AuthenticateAsync(second.Text)).Grant!.Caller;
        Assert.Equal(Role.Viewer, caller.Role);
        Assert.Equal(["m1"], caller.Scopes.Devices);
        Assert.Equal(["active", "revoked"], (await tokens.ListAsync(all: true)).Select(t => t.State).Order());
    }

    [Theory, BothDatabases]
    public async Task What_does_not_fit_is_refused_and_nothing_is_stored(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var tokens = new TokenOperations(store.Database, _ => { });
        await tokens.AddAsync(new NewToken("t", Role.Viewer, null, Scopes.Everything), Me);
        await RefusedAsync(AccessRefusal.Taken, () => tokens.AddAsync(new NewToken("t", Role.Admin, null, Scopes.Everything), Me));
        await RefusedAsync(AccessRefusal.Mistake, () => tokens.AddAsync(new NewToken("a b", Role.Admin, null, Scopes.Everything), Me));
        await RefusedAsync(AccessRefusal.Mistake, () => tokens.AddAsync(new NewToken("past", Role.Admin, Instant.Epoch, Scopes.Everything), Me));
        await RefusedAsync(AccessRefusal.Unknown, () => tokens.RevokeAsync("u"));
        await RefusedAsync(AccessRefusal.Unknown, () => tokens.RotateAsync("u", Me));
        Assert.Equal("t", Assert.Single(await tokens.ListAsync(all: true)).Name);
        await tokens.RevokeAsync("t");
        await RefusedAsync(AccessRefusal.Unknown, () => tokens.RevokeAsync("t"));
        await tokens.AddAsync(new NewToken("t", Role.Viewer, null, Scopes.Everything), Me);
    }

    private static async Task RefusedAsync(AccessRefusal reason, Func<Task> change) => Assert.Equal(reason, (await Assert.ThrowsAsync<AccessRefused>(change)).Reason);
}
