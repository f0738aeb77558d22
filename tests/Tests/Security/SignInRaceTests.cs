using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

/// <summary>Signing in while somebody changes who may, and by many at once.</summary>
public sealed class SignInRaceTests
{
    private const string Password = "correct horse battery";
    private static readonly Actor Me = new("command", "test", "here");

    // On SQLite there is one writer at a time.
    [Theory]
    [InlineData("role", "viewer")]
    [InlineData("password", null)]
    [InlineData("remove", null)]
    public async Task A_session_that_begins_while_its_user_is_changed_is_one_of_what_the_user_is_then(string change, string? role)
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        using var signIns = new SignIns(TimeProvider.System);
        await new UserOperations(store.Database, _ => { }).AddAsync("anna", Role.Admin, Password, Me);
        await using var held = await HeldWork.BeginAsync(store.Database, "test", tx =>
        {
            TokenStore.BeginChange(tx);
            switch (change)
            {
                case "role":
                    UserStore.SetRole(tx, "anna", Role.Viewer);
                    break;
                case "password":
                    UserStore.SetPassword(tx, "anna", "another");
                    break;
                default:
                    UserStore.Remove(tx, "anna");
                    break;
            }

            TokenStore.RevokeOf(tx, "anna");
            return true;
        });
        var signingIn = signIns.SignInAsync(store.Database, "anna", Password, "here");
        await held.LetGoAsync(signingIn);
        var session = (await signingIn).Session;
        Assert.Equal(role, session is null ? null : (await new AccessControl(store.Database, TimeProvider.System).AuthenticateAsync(session.Text)).Grant?.Caller.Role.Text());
    }

    [Fact]
    public async Task A_link_that_is_followed_while_its_user_loses_a_role_gives_the_new_one()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await new UserOperations(store.Database, _ => { }).AddAsync("demo", Role.Admin, Password, Me);
        var welcome = new Welcome(store.Database, TimeProvider.System, "demo");
        await using var held = await HeldWork.BeginAsync(store.Database, "test", tx =>
        {
            TokenStore.BeginChange(tx);
            UserStore.SetRole(tx, "demo", Role.Viewer);
            TokenStore.RevokeOf(tx, "demo");
            return true;
        });
        var entering = welcome.EnterAsync(welcome.Code!);
        await held.LetGoAsync(entering);
        Assert.Equal("viewer", (await entering)!.Value.Session.Token.Role);
    }

    [Theory, BothDatabases]
    public async Task Of_many_who_guess_at_once_no_more_are_looked_at_than_of_those_who_come_one_by_one(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        using var signIns = new SignIns(new FakeTime());
        await new UserOperations(store.Database, _ => { }).AddAsync("anna", Role.Admin, Password, Me);

        // Five are free. Two are looked at at once, so that one more may slip through.
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => signIns.SignInAsync(store.Database, "anna", n == 19 ? Password : $"wrong {n}", "here")));
        Assert.InRange(answers.Count(a => a.Wait == TimeSpan.Zero), 5, 6);
        Assert.DoesNotContain(answers, a => a.Session is not null);
        Assert.InRange(answers.Count(a => a.LockOut is { User: "anna" }), 1, 2);
        Assert.Null((await signIns.SignInAsync(store.Database, "nobody", Password, "elsewhere")).LockOut);
    }
}
