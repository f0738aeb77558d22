using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>The real program on a database that a newer one has been at.</summary>
public sealed class SchemaTests
{
    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_program_runs_beside_a_newer_schema_as_long_as_that_serves_it_and_then_refuses_with_what_to_do(DatabaseKind kind)
    {
        await using var site = await Site.CreateAsync(kind, 1);
        await site.PrepareAsync(site.DeviceFile());
        await ExecuteAsync(site, "insert into schema_migration (module, number, name, checksum, applied_at) select 'future', 1, 'wings', 'x', applied_at from schema_migration limit 1");
        await site.CommandAsync("devices", "list");
        Assert.Contains("is up to date", await site.CommandAsync("database", "migrate"), StringComparison.Ordinal);
        await site.StartServerAsync();
        await site.StopServerAsync();

        await ExecuteAsync(site, "update schema_serves set oldest = '99.0.0'");
        string[][] all = [["serve", "--roles", "poll"], ["devices", "list"], ["database", "migrate"], ["database", "migrate", "--dry-run"]];
        foreach (var arguments in all)
        {
            var (code, output, errors) = await RondoProcess.RunAsync([.. arguments, "--database", site.Database]);
            Assert.True(code == 1, $"rondo {string.Join(' ', arguments)} ended with {code}:\n{output}\n{errors}");
            Assert.Contains("serves Rondo 99.0.0 and later, and this is Rondo ", errors, StringComparison.Ordinal);
            Assert.Contains("future/0001 (wings)", errors, StringComparison.Ordinal);
            Assert.Contains("Use Rondo 99.0.0 or later here", errors, StringComparison.Ordinal);
        }

        // Refused before it became a node.
        Assert.Equal(0, await site.ReadAsync(tx => tx.First<int>(new Sql("test.live", "select count(*) from node where state = 'live'"))));
    }

    private static async Task ExecuteAsync(Site site, string statement)
    {
        await using var database = Database.Open(DatabaseAddress.TryParse(site.Database, out _)!, DatabaseUse.Command, TimeProvider.System);
        await database.WriteAsync("test.write", tx => { tx.Execute(new Sql("test.write", statement)); });
    }
}
