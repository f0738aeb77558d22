using Rondo.Loops;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

/// <summary>The audit trail: written with the change, sealed, and what somebody with all rights on the database can do to it without being found out.</summary>
public sealed class AuditTests : IDisposable
{
    private static readonly Actor Me = new("token", "anna", "10.0.0.7");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, BothDatabases]
    public async Task A_change_and_its_row_are_there_together_or_not_at_all(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Database.WriteAsync("test", tx =>
        {
            trail.Add(tx, Me, [new AuditDraft("a.b", "x", null, "{}")]);
            throw new InvalidOperationException("the change fails");
        }));
        Assert.Equal(0, await trail.SealAsync(store.Database));
        await AddAsync(store, trail, 3);
        Assert.Equal(3, await trail.SealAsync(store.Database));
        var rows = await AuditTrail.ListAsync(store.Database, new AuditFilter(), 10);
        Assert.Equal([3, 2, 1], rows.Select(r => r.No));
        var row = rows[^1];
        Assert.Equal(("token", "anna", "10.0.0.7", "queues.change", "q0", """{"n":0}"""), (row.ActorKind, row.ActorName, row.ActorFrom, row.Action, row.Subject, row.AfterJson));
        Assert.Equal(2, Assert.Single(await AuditTrail.ListAsync(store.Database, new AuditFilter { Action = "queues.", Actor = "anna", Subject = "q1", Before = 3 }, 10)).No);
        Assert.Empty(await AuditTrail.ListAsync(store.Database, new AuditFilter { Action = "jobs." }, 10));
        var verdict = await trail.VerifyAsync(store.Database);
        Assert.True(verdict is { IsClean: true, Rows: 3, Waiting: 0, Anchored: 3 }, string.Join("; ", verdict.Findings));
    }

    [Theory, BothDatabases]
    public async Task What_whoever_writes_the_database_does_to_it_is_found(DatabaseKind kind)
    {
        string[] copy = ["uid, at, actor_kind, actor_name, actor_from, action, subject, before_json, after_json, key_id, proof, seal"];
        (string Code, string[] Attack)[] attacks =
        [
            ("changed", ["update audit_log set actor_name = 'ben' where no = 3"]),
            ("changed", ["update audit_log set after_json = '{\"n\":9}' where no = 6"]),
            ("changed", ["update audit_log set before_json = null, after_json = before_json where no = 2"]),
            ("changed", ["update audit_log set subject = action || subject, action = '' where no = 2"]),
            ("removed", ["delete from audit_log where no = 3"]),
            ("removed", ["delete from audit_log where no = 1"]),
            ("moved", ["delete from audit_log where no = 3", "update audit_log set no = no - 1 where no > 3", "update audit_head set last_no = 5"]),
            ("moved", ["update audit_log set no = 100 where no = 2", "update audit_log set no = 2 where no = 3", "update audit_log set no = 3 where no = 100"]),
            ("cut_off", ["delete from audit_log where no > 4", "update audit_head set last_no = 4, last_seal = (select seal from audit_log where no = 4)"]),
            ("cut_off", ["delete from audit_log", "update audit_head set last_no = 0, last_seal = ''"]),
            ("other_trail", ["delete from audit_log", "update audit_head set last_no = 0, last_seal = '', identity = null, key_id = null"]),
            ("head", ["update audit_head set last_no = 9"]),
            ("doubled", ["drop index audit_log_uid", $"insert into audit_log (no, {copy[0]}) select 7, {copy[0]} from audit_log where no = 6", "update audit_head set last_no = 7"]),
            ("changed", [$"insert into audit_log (no, {copy[0]}) select 7, 'x', at, actor_kind, actor_name, actor_from, action, 'other', before_json, after_json, key_id, proof, seal from audit_log where no = 6", "update audit_head set last_no = 7"]),
            ("forged", ["insert into audit_waiting (uid, at, actor_kind, actor_name, actor_from, action, subject, key_id, proof) select 'y', at, actor_kind, actor_name, actor_from, action, subject, key_id, proof from audit_log where no = 1"]),
        ];
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        await AddAsync(store, trail, 6);
        await trail.SealAsync(store.Database);
        await store.ExecuteAsync("create table kept_log as select * from audit_log");
        await store.ExecuteAsync("create table kept_head as select * from audit_head");
        foreach (var (code, attack) in attacks)
        {
            foreach (var statement in attack)
            {
                await store.ExecuteAsync(statement);
            }

            var verdict = await trail.VerifyAsync(store.Database);
            Assert.True(verdict.Findings.Any(f => f.Code == code), $"{string.Join("; ", attack)}: {string.Join("; ", verdict.Findings)}");
            await store.ExecuteAsync("delete from audit_log");
            await store.ExecuteAsync("insert into audit_log select * from kept_log");
            await store.ExecuteAsync("delete from audit_head");
            await store.ExecuteAsync("insert into audit_head select * from kept_head");
            await store.ExecuteAsync("delete from audit_waiting");
            Assert.True((await trail.VerifyAsync(store.Database)).IsClean);
        }
    }

    [Theory, BothDatabases]
    public async Task What_was_forged_while_it_waited_is_sealed_and_found(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        await AddAsync(store, trail, 2);
        await store.ExecuteAsync("update audit_waiting set actor_name = 'ben' where subject = 'q1'");
        await trail.SealAsync(store.Database);
        Assert.Equal(("changed", 2L), Assert.Single((await trail.VerifyAsync(store.Database)).Findings.Select(f => (f.Code, f.No))));
    }

    [Theory, BothDatabases]
    public async Task A_trail_that_was_cut_off_is_not_anchored_anew_until_somebody_says_so(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        await AddAsync(store, trail, 3);
        await trail.SealAsync(store.Database);
        await store.ExecuteAsync("delete from audit_log where no = 3");
        await store.ExecuteAsync("update audit_head set last_no = 2, last_seal = (select seal from audit_log where no = 2)");
        for (var n = 0; n < 3; n++)
        {
            await AddAsync(store, trail, 2);

            // Neither one that ran all the time nor one that was just started.
            var fault = await Assert.ThrowsAsync<StorageFault>(() => (n == 1 ? Trail(store) : trail).SealAsync(store.Database));
            Assert.Contains("audit verify", fault.Message);
            Assert.False((await trail.VerifyAsync(store.Database)).IsClean);
        }

        // It stays said, also while nothing waits.
        var loop = new AuditLoop(store.Database, trail, TimeProvider.System);
        await Assert.ThrowsAsync<StorageFault>(async () => await loop.PassAsync());
        await Assert.ThrowsAsync<StorageFault>(async () => await loop.PassAsync());
        await trail.AcceptAsync(store.Database, Me, "a restored copy");
        await loop.PassAsync();
        Assert.True((await trail.VerifyAsync(store.Database)).IsClean);
        await AddAsync(store, trail, 1);
        await Trail(store).SealAsync(store.Database);
        var verdict = await trail.VerifyAsync(store.Database);
        Assert.True(verdict is { IsClean: true, Rows: 10, Anchored: 10 }, $"{verdict} {string.Join("; ", verdict.Findings)}");
        Assert.Contains("a restored copy", (await AuditTrail.ListAsync(store.Database, new AuditFilter { Action = "audit.accept" }, 10))[0].AfterJson);
    }

    [Theory, BothDatabases]
    public async Task Another_key_ring_writes_nothing_and_its_owner_is_told(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await AddAsync(store, Trail(store), 1);
        var other = new AuditTrail(new AuditKeys(_folder.At("other"), store.Address));
        var fault = await Assert.ThrowsAsync<StorageFault>(() => AddAsync(store, other, 1));
        Assert.Contains("keys.folder", fault.Message);
        await Assert.ThrowsAsync<StorageFault>(() => other.SealAsync(store.Database));
        Assert.Equal("other_key", Assert.Single((await other.VerifyAsync(store.Database)).Findings).Code);
        Assert.Equal(1, await Trail(store).SealAsync(store.Database));
        Assert.True((await Trail(store).VerifyAsync(store.Database)).IsClean);
    }

    [Theory, BothDatabases]
    public async Task Another_key_comes_into_force_by_a_row_of_both_keys_and_all_is_verified_across_it(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var running = Trail(store);
        await AddAsync(store, running, 3);
        await running.SealAsync(store.Database);
        await AddAsync(store, running, 2);
        var (from, to) = await Trail(store).RotateKeyAsync(store.Database, Me, "who had it has left");
        Assert.NotEqual(from, to);
        Assert.Equal(from, Keys(store).Key().Id);

        // One that ran all the time goes on by the new key, and so does one that was just started.
        await AddAsync(store, running, 2);
        await running.SealAsync(store.Database);
        await AddAsync(store, Trail(store), 1);
        await Trail(store).SealAsync(store.Database);
        var rows = await AuditTrail.ListAsync(store.Database, new AuditFilter(), 20);
        Assert.Equal([to, to, to, from, from, from, from, from, from], rows.Select(r => r.KeyId));
        Assert.Equal((6L, "audit.rotate_key", to), (rows[3].No, rows[3].Action, rows[3].Subject));
        var second = await Trail(store).RotateKeyAsync(store.Database, Me, "again");
        Assert.Equal(to, second.From);
        await AddAsync(store, Trail(store), 1);
        await Trail(store).SealAsync(store.Database);
        var verdict = await running.VerifyAsync(store.Database);
        Assert.True(verdict is { IsClean: true, Rows: 11, Anchored: 11, Waiting: 0 }, string.Join("; ", verdict.Findings));
        Assert.Equal(3, Directory.GetFiles(_folder.At("keys"), "audit*.key").Length);

        // A ring that was copied before says which key it lacks, writes nothing, and goes on when it has it.
        Directory.CreateDirectory(_folder.At("copy"));
        File.Copy(_folder.At("keys/audit.key"), _folder.At("copy/audit.key"));
        var copy = new AuditTrail(new AuditKeys(_folder.At("copy"), store.Address));
        Assert.Contains("its key rotated", (await Assert.ThrowsAsync<StorageFault>(() => AddAsync(store, copy, 1))).Message);
        Assert.Equal("other_key", Assert.Single((await copy.VerifyAsync(store.Database)).Findings).Code);
        File.Copy(_folder.At($"keys/audit-{second.To}.key"), _folder.At($"copy/audit-{second.To}.key"));
        await AddAsync(store, copy, 1);
        await running.SealAsync(store.Database);
        Assert.True((await running.VerifyAsync(store.Database)).IsClean);
    }

    [Theory, BothDatabases]
    public async Task What_an_old_key_alone_or_the_database_alone_makes_of_a_rotation_is_found(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await AddAsync(store, Trail(store), 2);
        var (from, to) = await Trail(store).RotateKeyAsync(store.Database, Me, "it was seen by others");
        await AddAsync(store, Trail(store), 2);
        await Trail(store).SealAsync(store.Database);
        await store.ExecuteAsync("create table kept_log as select * from audit_log");
        await store.ExecuteAsync("create table kept_head as select * from audit_head");
        await FoundAsync("changed", "update audit_log set subject = 'another' where no = 3");
        await FoundAsync("removed", "delete from audit_log where no = 3");
        await FoundAsync("head", $"update audit_head set key_id = '{from}'");
        await FoundAsync("changed", "update audit_log set after_json = '{}' where no = 3");
        await FoundAsync("other_key", "update audit_head set key_id = 'made-up'");
        await FoundAsync("changed", $"update audit_log set key_id = '{from}' where no = 4");

        // With the old key and the database: a row of the old key, long after the hand-over; and the head set back to it.
        await store.ExecuteAsync($"update audit_head set key_id = '{from}'");
        await AddAsync(store, Trail(store), 1);
        await store.ExecuteAsync($"update audit_head set key_id = '{to}'");
        Assert.Equal(1, await store.ScalarAsync<long>($"select count(*) from audit_waiting where key_id = '{from}'"));
        await Trail(store).SealAsync(store.Database);

        // Within the minute in which transactions may still have begun with it, it is taken; what was sealed by it is not.
        Assert.True((await Trail(store).VerifyAsync(store.Database)).IsClean);
        await store.ExecuteAsync($"update audit_head set key_id = '{from}'");
        await AddAsync(store, Trail(store), 1);
        await Trail(store).SealAsync(store.Database);
        var codes = (await Trail(store).VerifyAsync(store.Database)).Findings.Select(f => f.Code).ToList();
        Assert.Contains("moved", codes);
        Assert.Contains("head", codes);

        async Task FoundAsync(string code, string attack)
        {
            await store.ExecuteAsync(attack);
            var verdict = await Trail(store).VerifyAsync(store.Database);
            Assert.True(verdict.Findings.Any(f => f.Code == code), $"{attack}: {string.Join("; ", verdict.Findings)}");
            await store.ExecuteAsync("delete from audit_log");
            await store.ExecuteAsync("insert into audit_log select * from kept_log");
            await store.ExecuteAsync("delete from audit_head");
            await store.ExecuteAsync("insert into audit_head select * from kept_head");
            Assert.True((await Trail(store).VerifyAsync(store.Database)).IsClean);
        }
    }

    [Theory, BothDatabases]
    public async Task Rows_of_the_old_key_are_not_taken_a_minute_after_the_hand_over(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        await AddAsync(store, Trail(store), 1);
        var (from, to) = await Trail(store).RotateKeyAsync(store.Database, Me, "it was seen by others");
        time.Advance(TimeSpan.FromMinutes(2));
        await store.ExecuteAsync($"update audit_head set key_id = '{from}'");
        await AddAsync(store, Trail(store), 1);
        await store.ExecuteAsync($"update audit_head set key_id = '{to}'");
        await Trail(store).SealAsync(store.Database);
        Assert.Equal(("changed", 3L), Assert.Single((await Trail(store).VerifyAsync(store.Database)).Findings.Select(f => (f.Code, f.No))));
    }

    [Fact]
    public async Task A_key_that_was_made_first_to_be_copied_is_the_one_that_comes_into_force()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        await AddAsync(store, Trail(store), 1);
        var next = await Trail(store).PrepareKeyAsync(store.Database);
        Assert.Equal(next, await Trail(store).PrepareKeyAsync(store.Database));
        var copied = await File.ReadAllTextAsync(_folder.At("keys/audit-next.key"));
        Assert.Equal(next, (await Trail(store).RotateKeyAsync(store.Database, Me, "x")).To);
        Assert.False(File.Exists(_folder.At("keys/audit-next.key")));

        // Under that name still on another node, it is not put into force a second time.
        await File.WriteAllTextAsync(_folder.At("keys/audit-next.key"), copied);
        var again = await Trail(store).RotateKeyAsync(store.Database, Me, "y");
        Assert.Equal(next, again.From);
        Assert.NotEqual(next, again.To);
        await AddAsync(store, Trail(store), 1);
        await Trail(store).SealAsync(store.Database);
        Assert.True((await Trail(store).VerifyAsync(store.Database)).IsClean);
    }

    [Theory, BothDatabases]
    public async Task What_the_system_does_by_itself_is_done_without_a_key_ring_too_and_written_down_with_one(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var rules = new Dictionary<string, AuditRule> { ["work"] = new(null, (_, _, _, _) => [new AuditDraft("work", "", null, null)]) };
        var unusable = new AuditTrail(new AuditKeys(_folder.Write("a-file", ""), store.Address));
        var system = new Actor("system", "node", "here");
        Assert.Equal(1, await new AuditedDatabase(store.Database, unusable, system, rules, isOptional: true).WriteAsync("work", _ => 1));
        await Assert.ThrowsAsync<StorageFault>(() => new AuditedDatabase(store.Database, unusable, system, rules).WriteAsync("work", _ => 1));
        Assert.Equal(1, await new AuditedDatabase(store.Database, Trail(store), system, rules, isOptional: true).WriteAsync("work", _ => 1));
        var other = new AuditTrail(new AuditKeys(_folder.At("other"), store.Address));
        Assert.Equal(1, await new AuditedDatabase(store.Database, other, system, rules, isOptional: true).WriteAsync("work", _ => 1));
        await Trail(store).SealAsync(store.Database);
        Assert.Equal("system", Assert.Single(await AuditTrail.ListAsync(store.Database, new AuditFilter(), 10)).ActorKind);
    }

    [Theory, BothDatabases]
    public async Task Many_who_write_and_seal_at_once_make_one_chain(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trails = Enumerable.Range(0, 4).Select(_ => Trail(store)).ToList();
        await Task.WhenAll(trails.Select(async trail =>
        {
            for (var n = 0; n < 10; n++)
            {
                await AddAsync(store, trail, 2);
                await trail.SealAsync(store.Database);
            }
        }));
        await trails[0].SealAsync(store.Database);
        var verdict = await trails[1].VerifyAsync(store.Database);
        Assert.True(verdict is { IsClean: true, Rows: 80, Waiting: 0 }, $"{verdict} {string.Join("; ", verdict.Findings)}");
    }

    [Theory, BothDatabases]
    public async Task What_waits_is_sealed_within_a_second_without_a_hint(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        await using var supervisor = new LoopSupervisor(TimeProvider.System, new Chance(1));
        supervisor.Start(new AuditLoop(store.Database, trail, TimeProvider.System));
        await AddAsync(store, trail, 1);
        await Eventually.TrueAsync(async () => (await trail.VerifyAsync(store.Database)) is { Rows: 1, Waiting: 0, Anchored: 1 }, "it is sealed", TimeSpan.FromSeconds(1.5));
        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
    }

    [Fact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public async Task The_key_ring_is_for_its_owner_alone_and_made_once()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        var ids = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Keys(store).Key().Id)));
        Assert.Single(ids.Distinct());
        await AddAsync(store, Trail(store), 1);
        await Trail(store).SealAsync(store.Database);
        Assert.All(Directory.GetFiles(_folder.At("keys")), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.At("keys")));
        Assert.Equal(["audit.key", "audit.lock"], Directory.GetFiles(_folder.At("keys")).Select(Path.GetFileName).Where(f => !f!.EndsWith(".anchor")).Order());

        var anchor = Directory.GetFiles(_folder.At("keys"), "*.anchor")[0];
        await File.WriteAllTextAsync(anchor, (await File.ReadAllTextAsync(anchor)).Replace("\"No\":1", "\"No\":0"));
        Assert.Contains("without the key", (await Assert.ThrowsAsync<StorageFault>(() => Trail(store).VerifyAsync(store.Database))).Message);
    }

    [Fact]
    public async Task A_wrapped_key_ring_opens_with_its_master_key_only()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        var (master, other) = (Convert.ToBase64String(new byte[32]), Convert.ToBase64String(new byte[40]));
        var id = Keys(store).Key().Id;
        var file = _folder.At("keys/audit.key");
        var plain = await File.ReadAllTextAsync(file);

        // What lies there plain is wrapped once there is a master key, and is still the same key.
        Assert.Equal(id, With(master).Key().Id);
        Assert.DoesNotContain(plain.Trim(), await File.ReadAllTextAsync(file));
        Assert.Equal(id, With(master).Key().Id);
        foreach (var wrong in new[] { null, other, "short", "no base64!" })
        {
            Assert.Contains("key ring", Assert.Throws<StorageFault>(() => With(wrong).Key()).Message);
        }

        var wrapped = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, wrapped[..^6]);
        Assert.Throws<StorageFault>(() => With(master).Key());

        // A new one is wrapped from the start.
        var fresh = new AuditKeys(_folder.At("fresh"), store.Address, master);
        fresh.Key();
        Assert.StartsWith("rondo-wrapped-1:", await File.ReadAllTextAsync(_folder.At("fresh/audit.key")));

        AuditKeys With(string? key) => new(_folder.At("keys"), store.Address, key);
    }

    [Fact]
    public void Secrets_are_masked_however_deep_they_lie_and_what_is_long_is_cut()
    {
        Assert.Equal(
            """{"url":"http://x","headers":{"Authorization":"***","X-Api-Key":"***"},"list":[{"snmp_community":"***"}],"secrets":["***",{"a":"***"}],"unique_key":"u","password":null}""",
            Masking.Apply("""{"url":"http://x","headers":{"Authorization":"Bearer s3","X-Api-Key":"s3"},"list":[{"snmp_community":"s3"}],"secrets":["s3",{"a":7}],"unique_key":"u","password":null}"""));
        Assert.Equal("\"plain\"", Masking.Apply("\"plain\""));
        Assert.Null(Masking.Apply(null));
        var cut = Masking.Apply($$"""{"a":"{{new string('x', 70_000)}}"}""")!;
        Assert.True(cut.Length < 200 && cut.Contains("sha256"), cut);
    }

    private AuditKeys Keys(TestStore store) => new(_folder.At("keys"), store.Address);

    private AuditTrail Trail(TestStore store) => new(Keys(store));

    private static async Task AddAsync(TestStore store, AuditTrail trail, int count)
    {
        for (var n = 0; n < count; n++)
        {
            var number = n;
            await store.Database.WriteAsync("test", tx => trail.Add(tx, Me, [new AuditDraft("queues.change", $"q{number}", """{"n":null}""", $$"""{"n":{{number}}}""")]));
        }
    }
}
