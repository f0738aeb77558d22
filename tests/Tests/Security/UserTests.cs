using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Security;

public sealed class UserTests
{
    private const string Password = "correct horse battery";
    private static readonly Actor Me = new("command", "anna", "laptop");

    [Theory, BothDatabases]
    public async Task A_password_is_kept_as_a_slow_hash_of_its_own(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var users = new UserOperations(store.Database, _ => { });
        await users.AddAsync("anna", Role.Admin, Password, Me);
        await users.AddAsync("ben", Role.Viewer, Password, Me);
        var hashes = await store.QueryAsync<string>("select password from user_account order by name");
        Assert.NotEqual(hashes[0], hashes[1]);
        Assert.All(hashes, hash => Assert.DoesNotContain("horse", hash));
        Assert.True(Passwords.Fits("anna", hashes[0], Password));
        Assert.False(Passwords.Fits("anna", hashes[0], Password + " ") || Passwords.Fits("anna", hashes[0], new string('x', 100_000)));

        // Format 1 of the hasher: PBKDF2 with HMAC-SHA512 (2), then the number of rounds.
        var bytes = Convert.FromBase64String(hashes[0]);
        Assert.Equal((1, 2u, 210_000u), (bytes[0], System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(1)), System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(5))));
    }

    [Theory, BothDatabases]
    public async Task Users_are_changed_and_removed_and_what_does_not_fit_is_refused(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var hints = new List<string>();
        var users = new UserOperations(store.Database, hints.Add);
        await users.AddAsync("anna@example.org", Role.Viewer, Password, Me);
        Assert.Equal("operator", (await users.SetRoleAsync("anna@example.org", Role.Operator)).Role);
        var before = await store.ScalarAsync<string>("select password from user_account");
        await users.SetPasswordAsync("anna@example.org", Password + "!");
        Assert.NotEqual(before, await store.ScalarAsync<string>("select password from user_account"));
        Assert.Equal(3, hints.Count);

        await RefusedAsync(AccessRefusal.Taken, () => users.AddAsync("anna@example.org", Role.Admin, Password, Me));
        await RefusedAsync(AccessRefusal.Mistake, () => users.AddAsync("", Role.Admin, Password, Me));
        await RefusedAsync(AccessRefusal.Mistake, () => users.AddAsync("x", Role.Admin, "short", Me));
        await RefusedAsync(AccessRefusal.Mistake, () => users.AddAsync("x", Role.Admin, "aaaaaaaaaaaaaaaa", Me));
        await RefusedAsync(AccessRefusal.Unknown, () => users.SetPasswordAsync("x", Password));
        await RefusedAsync(AccessRefusal.Unknown, () => users.SetRoleAsync("x", Role.Admin));
        Assert.Equal("operator", (await users.RemoveAsync("anna@example.org")).Role);
        await RefusedAsync(AccessRefusal.Unknown, () => users.RemoveAsync("anna@example.org"));
        Assert.Empty(await users.ListAsync());
        Assert.Null(Passwords.Mistake(UserOperations.NewPassword()));
    }

    private static async Task RefusedAsync(AccessRefusal reason, Func<Task> change) => Assert.Equal(reason, (await Assert.ThrowsAsync<AccessRefused>(change)).Reason);
}
