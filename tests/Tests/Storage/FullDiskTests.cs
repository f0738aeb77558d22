using System.Diagnostics;
using Rondo.Storage;
using Rondo.Storage.Sqlite;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

public sealed class FullDiskTests
{
    private static readonly Sql _fill = new("test.fill", "insert into t (n, x) values (@n, zeroblob(@size))");

    [Fact]
    public async Task A_full_disk_fails_whole_writes_keeps_what_was_acknowledged_and_goes_on_when_there_is_space()
    {
        using var folder = new TempFolder();
        Requires.That(await MountAsync(folder.Path), "a file system of 4 MB: mounting one takes root");
        try
        {
            var ballast = folder.Write("ballast", new string('x', 1_000_000));
            var database = new SqliteDatabase(TestStore.Parse("sqlite:" + folder.At("t.db")), DatabaseUse.Server, TimeProvider.System);
            try
            {
                await database.WriteAsync("table", tx => { tx.Execute(new Sql("t", "create table t (n integer primary key, x blob) strict")); });
                var acknowledged = new List<int>();
                StorageFault? fault = null;
                for (var n = 0; n < 100 && fault is null; n++)
                {
                    try
                    {
                        // Two rows a piece: half of one must never be seen.
                        await database.WriteAsync("fill", tx =>
                        {
                            tx.Execute(_fill, new { n = n * 2, size = 50_000 });
                            tx.Execute(_fill, new { n = (n * 2) + 1, size = 50_000 });
                        });
                        acknowledged.AddRange([n * 2, (n * 2) + 1]);
                    }
                    catch (StorageFault full)
                    {
                        fault = full;
                    }
                }

                Assert.NotNull(fault);
                Assert.Equal(StorageFaultKind.Full, fault.Kind);
                Assert.True(fault.IsTransient);
                Assert.NotEmpty(acknowledged);
                Assert.Equal(acknowledged, await database.ReadAsync("all", tx => tx.Query<int>(new Sql("all", "select n from t order by n"))));

                File.Delete(ballast);
                await database.WriteAsync("fill", tx => { tx.Execute(_fill, new { n = 1000, size = 50_000 }); });
                Assert.Equal(
                    [.. acknowledged, 1000],
                    await database.ReadAsync("all", tx => tx.Query<int>(new Sql("all", "select n from t order by n"))));
                Assert.Equal("ok", await database.ReadAsync("check", tx => tx.First<string>(new Sql("check", "pragma integrity_check"))));
            }
            finally
            {
                await database.DisposeAsync();
            }
        }
        finally
        {
            await RunAsync("umount", folder.Path);
        }
    }

    private static async Task<bool> MountAsync(string folder) =>
        Environment.UserName == "root" && await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m", "rondo-test", folder) == 0;

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
