using System.Security.Cryptography;
using Rondo.Loops;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

/// <summary>Secrets at rest.</summary>
public sealed class SecretTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, BothDatabases]
    public async Task A_secret_is_opened_by_the_ring_it_was_stored_with_and_its_transaction_is_the_callers(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var owner = SecretOwner.Device("r1");
        await PutAsync(store, Box(), "r1", "password", "hunter2 ü");
        await PutAsync(store, Box(), "r1", "password", "hunter3");
        await PutAsync(store, Box(), "r1", "key", "line\nline\n");
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Database.WriteAsync("test", tx =>
        {
            Box().Put(tx, owner, "password", "never", "me");
            throw new InvalidOperationException("the caller's work fails");
        }));
        Assert.Equal("hunter3", await OpenAsync(store, Box(), "r1", "password"));
        Assert.Equal("line\nline\n", await OpenAsync(store, Box(), "r1", "key"));
        Assert.Null(await OpenAsync(store, Box(), "r1", "none"));
        Assert.Equal(["key", "password"], (await store.Database.ReadAsync("test", tx => SecretBox.List(tx, owner))).Select(s => s.Name));
        Assert.Equal(2, await store.ScalarAsync<long>("select count(*) from secret where payload not like '%hunter%'"));
    }

    [Theory, BothDatabases]
    public async Task One_that_is_moved_to_another_row_or_altered_does_not_open(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await PutAsync(store, Box(), "r1", "password", "hunter2");
        await PutAsync(store, Box(), "r2", "password", "other");
        await PutAsync(store, Box(), "r2", "key", "other");
        await store.ExecuteAsync("update secret set payload = (select s.payload from secret s where s.owner = 'r1') where owner = 'r2'");
        foreach (var name in new[] { "password", "key" })
        {
            var fault = await Assert.ThrowsAsync<StorageFault>(() => OpenAsync(store, Box(), "r2", name));
            Assert.Contains("changed in the database", fault.Message);
            Assert.DoesNotContain("hunter2", fault.ToString());
        }

        await store.ExecuteAsync("update secret set payload = 'no base64!' where owner = 'r1'");
        await Assert.ThrowsAsync<StorageFault>(() => OpenAsync(store, Box(), "r1", "password"));
        var verdict = await new SecretOperations(store.Database, Box()).VerifyAsync();
        Assert.Equal((3, 3), (verdict.Secrets, verdict.Unreadable));
    }

    [Theory, BothDatabases]
    public async Task Another_ring_says_what_to_do_and_stores_nothing_beside(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await PutAsync(store, Box(), "r1", "password", "hunter2");
        var other = Box("other");
        foreach (var work in new Func<Task>[]
        {
            () => OpenAsync(store, other, "r1", "password"), () => PutAsync(store, other, "r1", "key", "x"), () => PutAsync(store, other, "r2", "password", "x"),
            () => new SecretOperations(store.Database, other).RotateAsync(keyOnly: false), async () => await new SecretLoop(store.Database, other, TimeProvider.System).PassAsync(),
        })
        {
            Assert.Contains("secrets-*.key", (await Assert.ThrowsAsync<StorageFault>(work)).Message);
        }

        await new SecretLoop(store.Database, Box(), TimeProvider.System).PassAsync();
        Assert.False(Directory.Exists(_folder.At("other")));
        var problem = Assert.Single((await new SecretOperations(store.Database, other).VerifyAsync()).Problems);
        Assert.Equal(("r1", "password"), (problem.Owner, problem.Name));

        // With the files copied it opens, and nothing has to be started again for that.
        Directory.CreateDirectory(_folder.At("other"));
        foreach (var file in Directory.GetFiles(_folder.At("keys"), "secrets-*.key"))
        {
            File.Copy(file, Path.Combine(_folder.At("other"), Path.GetFileName(file)));
        }

        Assert.Equal("hunter2", await OpenAsync(store, other, "r1", "password"));
        await PutAsync(store, other, "r2", "password", "x");
        Assert.Equal("x", await OpenAsync(store, Box(), "r2", "password"));

        // A ring that is lost: what cannot be opened is given up, the rest stays.
        await PutAsync(store, Box(), "r3", "password", "stays");
        await store.ExecuteAsync("update secret set key_id = 'gone' where owner = 'r1'");
        Assert.Equal(["device r1/password"], (await new SecretOperations(store.Database, Box()).ForgetAsync(isDryRun: true)).Names);
        Assert.Equal(["device r1/password"], (await new SecretOperations(store.Database, Box()).ForgetAsync(isDryRun: false)).Names);
        Assert.Empty((await new SecretOperations(store.Database, Box()).ForgetAsync(isDryRun: false)).Names);
        await PutAsync(store, Box(), "r1", "password", "anew");
        Assert.Equal(3, (await new SecretOperations(store.Database, Box()).VerifyAsync()).Secrets);
    }

    [Theory, BothDatabases]
    public async Task A_rotation_puts_all_under_a_new_key_and_goes_on_where_it_was_interrupted(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        for (var n = 0; n < 250; n++)
        {
            await PutAsync(store, Box(), $"r{n:000}", "password", $"hunter {n}");
        }

        var running = Box();
        Assert.Equal("hunter 7", await OpenAsync(store, running, "r007", "password"));
        var operations = new SecretOperations(store.Database, Box());
        var plan = await operations.PreviewAsync();
        Assert.Equal((250, false, (string?)null), (plan.Secrets, plan.IsResumed, plan.NewKey));
        Assert.Single(Directory.GetFiles(_folder.At("keys"), "secrets-*.key"));
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => operations.RotateAsync(keyOnly: false, (_, _) => stop.Cancel(), stop.Token));

        // Half of it under either key: everything opens, in a process that runs and knew the old key only too.
        Assert.Equal(2, await store.ScalarAsync<long>("select count(distinct key_id) from secret"));
        Assert.Equal(0, (await new SecretOperations(store.Database, running).VerifyAsync()).Unreadable);
        Assert.Equal((150, true), (await operations.PreviewAsync() is var left ? (left.Secrets, left.IsResumed) : default));
        var done = await new SecretOperations(store.Database, Box()).RotateAsync(keyOnly: false);
        Assert.Equal((150, 150, true), (done.Secrets, done.Done, done.IsResumed));
        Assert.Equal(done.NewKey, await store.ScalarAsync<string>("select distinct key_id from secret"));
        Assert.Equal(2, Directory.GetFiles(_folder.At("keys"), "secrets-*.key").Length);
        Assert.Equal("hunter 249", await OpenAsync(store, running, "r249", "password"));

        // What a running process stores now is under the new key too; and a key made to be copied first is used by the next rotation.
        await PutAsync(store, running, "r000", "password", "after");
        var made = await operations.RotateAsync(keyOnly: true);
        Assert.NotEqual(done.NewKey, made.NewKey);
        Assert.Equal(done.NewKey, await store.ScalarAsync<string>("select distinct key_id from secret"));
        done = await operations.RotateAsync(keyOnly: false);
        Assert.Equal((made.NewKey, 250, true), (done.NewKey, done.Done, done.IsResumed));
        Assert.Equal("after", await OpenAsync(store, running, "r000", "password"));
    }

    [Theory, BothDatabases]
    public async Task What_is_set_while_it_is_rotated_is_not_overwritten(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        for (var n = 0; n < 20; n++)
        {
            await PutAsync(store, Box(), $"r{n}", "password", "old");
        }

        await Task.WhenAll(
            new SecretOperations(store.Database, Box()).RotateAsync(keyOnly: false),
            Task.Run(async () =>
            {
                for (var n = 0; n < 20; n++)
                {
                    await PutAsync(store, Box(), $"r{n}", "password", $"new {n}");
                }
            }));
        for (var n = 0; n < 20; n++)
        {
            Assert.Equal($"new {n}", await OpenAsync(store, Box(), $"r{n}", "password"));
        }
    }

    [Theory, BothDatabases]
    public async Task Secrets_end_with_their_device_and_one_of_the_same_name_has_none(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var device = new DeviceSpec { Name = "m1", Address = "127.0.0.1:1" };
        await Devices.ApplyAsync(store.Database, [device, device with { Name = "m2", Address = "127.0.0.1:2" }], prune: false, dryRun: false);
        foreach (var name in new[] { "m1", "m2" })
        {
            Assert.Equal(SecretOutcome.Done, (await DeviceSecrets.SetAsync(store.Database, Box(), name, "password", "hunter2", "me")).Outcome);
        }

        Assert.Equal(SecretOutcome.NoDevice, (await DeviceSecrets.SetAsync(store.Database, Box(), "m3", "password", "hunter2", "me")).Outcome);
        await Devices.RemoveAsync(store.Database, "m1");
        Assert.Equal("m2", await store.ScalarAsync<string>("select owner from secret"));
        Assert.Null(await DeviceSecrets.ListAsync(store.Database, "m1"));
        await Devices.ApplyAsync(store.Database, [device], prune: false, dryRun: false);
        Assert.Empty((await DeviceSecrets.ListAsync(store.Database, "m1"))!);
        Assert.Equal(SecretOutcome.NoSecret, (await DeviceSecrets.RemoveAsync(store.Database, "m1", "password")).Outcome);
        var change = await DeviceSecrets.RemoveAsync(store.Database, "m2", "password");
        Assert.True(change is { Outcome: SecretOutcome.Done, Before: not null, After: null });
        for (var n = 0; n < 20; n++)
        {
            await DeviceSecrets.SetAsync(store.Database, Box(), "m1", $"k{n}", "x", "me");
        }

        Assert.Equal(SecretOutcome.TooMany, (await DeviceSecrets.SetAsync(store.Database, Box(), "m1", "k20", "x", "me")).Outcome);
        Assert.Equal(SecretOutcome.Done, (await DeviceSecrets.SetAsync(store.Database, Box(), "m1", "k19", "y", "me")).Outcome);
    }

    [Fact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public async Task The_ring_is_for_its_owner_alone_made_once_and_wrapped_by_the_master_key()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        var ids = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Keys().Make(isFirst: true).Id)));
        Assert.Single(ids.Distinct());
        await PutAsync(store, Box(), "r1", "password", "hunter2");
        var file = Directory.GetFiles(_folder.At("keys"), "secrets-*.key").Single();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.At("keys")));
        Assert.Contains("<key", await File.ReadAllTextAsync(file));

        var (master, other) = (Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        Assert.Equal("hunter2", await OpenAsync(store, Box(master: master), "r1", "password"));
        Assert.DoesNotContain("<key", await File.ReadAllTextAsync(file));
        Assert.Equal("hunter2", await OpenAsync(store, Box(master: master), "r1", "password"));
        foreach (var wrong in new[] { null, other, "short" })
        {
            Assert.Contains("key ring", (await Assert.ThrowsAsync<StorageFault>(() => OpenAsync(store, Box(master: wrong), "r1", "password"))).Message);
        }

        await new SecretOperations(store.Database, Box(master: master)).RotateAsync(keyOnly: false);
        Assert.All(Directory.GetFiles(_folder.At("keys"), "secrets-*.key"), f => Assert.StartsWith("rondo-wrapped-1:", File.ReadAllText(f)));
        Assert.Equal("hunter2", await OpenAsync(store, Box(master: master), "r1", "password"));
    }

    [Fact]
    public async Task A_clock_that_was_set_back_does_not_bring_an_old_key_back_into_force()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        var time = new FakeTime();
        time.Advance(TimeSpan.FromDays(1_000));
        var first = new SecretKeys(_folder.At("keys"), null, time).Make(isFirst: false).Id;
        var second = new SecretKeys(_folder.At("keys"), null, new FakeTime()).Make(isFirst: false).Id;
        Assert.NotEqual(first, second);
        Assert.Equal(second, Keys().Newest!.Id);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("Password", "x")]
    [InlineData("1st", "x")]
    [InlineData("a/b", "x")]
    [InlineData("password", "")]
    [InlineData("password", "a\0b")]
    public void What_does_not_fit_is_refused_and_the_value_not_repeated(string name, string value)
    {
        var mistake = SecretBox.MistakeOfName(name) ?? SecretBox.MistakeOfValue(value);
        Assert.NotNull(mistake);
        Assert.NotNull(SecretBox.MistakeOfValue(new string('x', SecretBox.LongestValue + 1)));
        Assert.Null(SecretBox.MistakeOfValue(new string('x', SecretBox.LongestValue)));
    }

    private SecretKeys Keys(string folder = "keys", string? master = null) => new(_folder.At(folder), master, TimeProvider.System);

    private SecretBox Box(string folder = "keys", string? master = null) => new(Keys(folder, master));

    private static Task PutAsync(TestStore store, SecretBox box, string device, string name, string value) =>
        store.Database.WriteAsync("test", tx => box.Put(tx, SecretOwner.Device(device), name, value, "me"));

    private static Task<string?> OpenAsync(TestStore store, SecretBox box, string device, string name) =>
        store.Database.ReadAsync("test", tx => box.Open(tx, SecretOwner.Device(device), name));
}
