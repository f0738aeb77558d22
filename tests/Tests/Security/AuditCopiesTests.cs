using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

/// <summary>Copies among what waits to be sealed, what waits too long, and an anchor that several move.</summary>
public sealed class AuditCopiesTests : IDisposable
{
    private const string Content = "uid, at, actor_kind, actor_name, actor_from, action, subject, before_json, after_json, key_id, proof, correlation_id, trace_id";
    private static readonly Actor Me = new("token", "anna", "10.0.0.7");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, BothDatabases]
    public async Task A_copy_of_a_sealed_row_keeps_nothing_from_being_sealed_and_is_found(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        await AddAsync(store, trail, 2);
        await trail.SealAsync(store.Database);
        await store.ExecuteAsync($"insert into audit_waiting ({Content}) select {Content} from audit_log where no = 1");

        // And one of a row that waits itself.
        await AddAsync(store, trail, 1);
        await store.ExecuteAsync($"insert into audit_waiting ({Content}) select {Content} from audit_waiting order by id desc limit 1");
        Assert.Equal(["doubled", "doubled"], await CodesAsync(store, trail));

        // Those that are none are sealed and anchored; and it is said each time.
        for (var n = 0; n < 2; n++)
        {
            var fault = await Assert.ThrowsAsync<StorageFault>(() => trail.SealAsync(store.Database));
            Assert.Equal(StorageFaultKind.Corrupt, fault.Kind);
            Assert.Contains("2 rows", fault.Message);
            var verdict = await trail.VerifyAsync(store.Database);
            Assert.Equal((3, 2, 3L), (verdict.Rows, verdict.Waiting, verdict.Anchored));
            Assert.All(verdict.Findings, f => Assert.Equal("doubled", f.Code));
        }

        var loop = new AuditLoop(store.Database, trail, TimeProvider.System);
        await Assert.ThrowsAsync<StorageFault>(async () => await loop.PassAsync());
        await Assert.ThrowsAsync<StorageFault>(async () => await loop.PassAsync());

        // Until somebody has looked, which the trail tells.
        await trail.AcceptAsync(store.Database, Me, "who did it has left");
        await loop.PassAsync();
        Assert.True((await trail.VerifyAsync(store.Database)) is { IsClean: true, Waiting: 0, Rows: 5, Anchored: 5 });
        Assert.Equal("""{"copies":2}""", (await AuditTrail.ListAsync(store.Database, new AuditFilter { Action = "audit.accept" }, 1))[0].BeforeJson);
    }

    [Theory, BothDatabases]
    public async Task More_copies_than_are_sealed_at_once_hold_nothing_up(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        await AddAsync(store, trail, 1);
        await trail.SealAsync(store.Database);
        await store.ExecuteAsync($"with recursive n(i) as (select 1 union all select i + 1 from n where i < 600) insert into audit_waiting ({Content}) select {Content} from audit_log, n");
        await AddAsync(store, trail, 1);
        await store.ExecuteAsync($"with recursive n(i) as (select 1 union all select i + 1 from n where i < 600) insert into audit_waiting ({Content}) select {Content} from audit_waiting, n where id = (select max(id) from audit_waiting)");
        await AddAsync(store, trail, 1);
        await Assert.ThrowsAsync<StorageFault>(() => trail.SealAsync(store.Database));
        Assert.Equal((3, 1_200, 3L), await trail.VerifyAsync(store.Database) is var v ? (v.Rows, v.Waiting, v.Anchored) : default);
    }

    [Theory, BothDatabases]
    public async Task What_waits_for_more_than_a_minute_is_told(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        var trail = Trail(store);
        await AddAsync(store, trail, 1);
        await trail.SealAsync(store.Database);
        await AddAsync(store, trail, 1);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(await CodesAsync(store, trail));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["unsealed"], await CodesAsync(store, trail));
        await trail.SealAsync(store.Database);
        Assert.Empty(await CodesAsync(store, trail));
    }

    [Theory, BothDatabases]
    public async Task An_anchor_is_not_moved_back_by_whoever_is_late(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var (late, other) = (Trail(store), Trail(store));
        await AddAsync(store, late, 1);
        await late.SealAsync(store.Database);
        await AddAsync(store, late, 1);

        // Between its look at the anchor and its own, somebody else seals and anchors further.
        var isOnce = true;
        store.Database.Before = work =>
        {
            if (work == "audit.row" && isOnce)
            {
                isOnce = false;
                Run(async () =>
                {
                    await AddAsync(store, other, 1);
                    await other.SealAsync(store.Database);
                });
            }

            return null;
        };
        await late.SealAsync(store.Database);
        store.Database.Before = null;
        Assert.False(isOnce);
        Assert.Equal((3, 3L), await late.VerifyAsync(store.Database) is var v ? (v.Rows, v.Anchored) : default);
        Assert.Equal(3, Keys(store).Anchor()!.No);
    }

    [Fact]
    public void A_file_of_the_ring_is_on_the_disk_with_its_name_and_what_was_left_half_written_goes()
    {
        var flushed = new List<string>();
        var ring = new RingFolder(_folder.At("ring"), null, path =>
        {
            Assert.True(path != _folder.At("ring") || File.Exists(_folder.At("ring/audit.key")), "the folder is written when the file has its name");
            flushed.Add(path);
        });
        using (ring.Alone("audit.lock"))
        {
            ring.Write("audit.key", "text");
        }

        Assert.Equal([Path.GetFullPath(_folder.Path), _folder.At("ring")], flushed);

        // Of another lock's files somebody may be writing one just now.
        foreach (var name in new[] { "audit.key.x1.part", "audit-1234.anchor.x2.part", "secrets-key.x3.part" })
        {
            File.WriteAllText(_folder.At("ring/" + name), "a plain key");
        }

        using (ring.Alone("audit.lock"))
        {
            Assert.Equal(["audit.key", "audit.lock", "secrets-key.x3.part"], Directory.GetFiles(_folder.At("ring")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        }

        FolderFlush.Flush(_folder.At("ring"));
        Assert.Throws<IOException>(() => FolderFlush.Flush(_folder.At("nowhere")));
    }

    // Where it is asked nobody can wait otherwise.
    private static void Run(Func<Task> work) => Task.Run(work).GetAwaiter().GetResult();

    private AuditKeys Keys(TestStore store) => new(_folder.At("keys"), store.Address);

    private AuditTrail Trail(TestStore store) => new(Keys(store));

    private static async Task<string[]> CodesAsync(TestStore store, AuditTrail trail) => [.. (await trail.VerifyAsync(store.Database)).Findings.Select(f => f.Code)];

    private static async Task AddAsync(TestStore store, AuditTrail trail, int count)
    {
        for (var n = 0; n < count; n++)
        {
            var number = n;
            await store.Database.WriteAsync("test", tx => trail.Add(tx, Me, [new AuditDraft("queues.change", $"q{number}", null, "{}")]));
        }
    }
}
