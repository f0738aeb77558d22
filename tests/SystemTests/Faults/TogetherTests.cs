using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>Processes that start at the same moment on a database without a schema.</summary>
public sealed class TogetherTests
{
    [Fact]
    public async Task Ten_processes_at_once_on_an_empty_PostgreSQL_all_come_up()
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Postgres, 1);
        var servers = Enumerable.Range(0, 5).Select(_ => site.NewServer()).ToArray();
        var migrations = Enumerable.Range(0, 5).Select(_ => RondoProcess.Start("database", "migrate", "--database", site.Database)).ToArray();
        try
        {
            foreach (var migration in migrations)
            {
                var code = await migration.ExitAsync(TimeSpan.FromSeconds(60));
                Assert.True(code == 0, string.Join('\n', migration.Errors));
            }

            foreach (var server in servers)
            {
                await server.WaitForLineAsync("Ready:", TimeSpan.FromSeconds(60));
            }

            Assert.Equal(5, await site.ReadAsync(tx => tx.First<int>(new Sql("test.live", "select count(*) from node where state = 'live'"))));
            foreach (var server in servers)
            {
                Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(20)));
            }
        }
        finally
        {
            foreach (var process in servers.Concat(migrations))
            {
                await process.DisposeAsync();
            }
        }
    }
}
