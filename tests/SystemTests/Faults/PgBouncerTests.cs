using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>Everything through a PgBouncer in transaction mode, as Debian ships it: migrations, commands, and a server that is killed.</summary>
public sealed class PgBouncerTests(ITestOutputHelper output)
{
    private const int Gateways = 20;

    [Fact]
    public async Task Behind_PgBouncer_a_server_obeys_within_2_s_and_survives_a_kill_of_itself_and_of_PgBouncer()
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Postgres, Gateways);
        await site.GoThroughPgBouncerAsync();
        await site.PrepareAsync(site.DeviceFile());
        var server = await site.StartServerAsync();
        await site.UntilPolledAsync(2 * Gateways);
        await ObeysAsync(site, "stop");
        await ObeysAsync(site, "start");
        await site.UntilPolledAsync(2 * Gateways);

        await server.Kill9Async();
        await server.DisposeAsync();
        server = await site.StartServerAsync();
        await site.UntilPolledAsync(2 * Gateways);

        var down = Site.Now;
        await site.PgBouncer!.Kill9Async();
        await Passing.OfSeconds(1);
        await site.PgBouncer.StartAsync();

        // After an outage the server's loops come back one by one, each after its own growing delay: obeyed, but not within 2 s of it.
        await RondoProcess.RunAsync("polling", "stop", "--database", site.Database);
        await ObeysAsync(site, "start");
        await site.UntilPolledAsync(2 * Gateways);
        Assert.False(server.HasExited);

        var proof = await LedgerProof.ReadAsync(site, await site.StopServerAsync());
        output.WriteLine($"{proof.Validation.Expected} slots, {proof.Ok} ok, missed: {string.Join(", ", proof.MissedByReason)}");
        proof.MissedOnlyFor("node_down", "late", "database_down");
        Assert.Contains(proof.Rows, row => row.HasValues && row.Slot > down);

        // In a session that the server used, which outlived it.
        Assert.Equal(0, await site.ReadAsync(tx => tx.First<long>(new Sql("test.prepared", "select count(*) from pg_prepared_statements"))));
    }

    [Fact]
    public async Task A_PgBouncer_that_nobody_told_of_is_named_before_anything_is_written()
    {
        await using var postgres = await PrivatePostgres.StartNewAsync();
        await postgres.CreateDatabaseAsync("rondo");
        await using var bouncer = await PrivatePgBouncer.StartNewAsync(postgres, "default_pool_size = 1");
        foreach (var command in new string[][] { ["database", "migrate"], ["serve", "--roles", "poll"], ["nodes", "list"] })
        {
            var (code, _, errors) = await Site.PatientlyAsync([.. command, "--database", bouncer.Url("rondo")]);
            Assert.Equal(1, code);
            Assert.Contains("looks like PgBouncer in transaction mode; add ?pgbouncer=true to the address", errors, StringComparison.Ordinal);
        }

        Assert.Equal(0L, await postgres.ScalarAsync("select count(*) from pg_tables where schemaname = 'public'", "rondo"));

        // With the word; and in one session for everybody, what one left there would be in the other's way.
        for (var i = 0; i < 2; i++)
        {
            var (code, _, errors) = await Site.PatientlyAsync("database", "migrate", "--database", bouncer.Url("rondo") + "?pgbouncer=true");
            Assert.True(code == 0, errors);
        }
    }

    private async Task ObeysAsync(Site site, string verb) => output.WriteLine($"polling {verb}: {await site.ObeysAsync(verb):0} ms");
}
