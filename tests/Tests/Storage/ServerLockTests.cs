using Rondo.Storage;
using Rondo.Storage.Sqlite;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

public sealed class ServerLockTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_second_server_is_refused_with_the_pid_of_the_first()
    {
        var address = TestStore.Parse("sqlite:" + _folder.At("t.db"));
        Assert.Null(SqliteDatabase.ServerPid(address));
        await using (new SqliteDatabase(address, DatabaseUse.Server, TimeProvider.System))
        {
            Assert.Equal($"{Environment.ProcessId}", SqliteDatabase.ServerPid(address));
            var fault = Assert.Throws<StorageFault>(() => new SqliteDatabase(address, DatabaseUse.Server, TimeProvider.System));
            Assert.Equal(StorageFaultKind.Busy, fault.Kind);
            Assert.Contains($"process {Environment.ProcessId} ", fault.Message);
            await using var command = new SqliteDatabase(address, DatabaseUse.Command, TimeProvider.System);
            Assert.Equal(1, await command.ReadAsync("one", tx => tx.First<int>(new Sql("one", "select 1"))));
            Assert.Equal($"{Environment.ProcessId}", SqliteDatabase.ServerPid(address));
        }

        Assert.Null(SqliteDatabase.ServerPid(address));
        await using var next = new SqliteDatabase(address, DatabaseUse.Server, TimeProvider.System);
    }

    [Fact]
    public async Task A_second_server_is_refused_whatever_symbolic_link_it_comes_by()
    {
        Directory.CreateDirectory(_folder.At("real/data"));
        Directory.CreateSymbolicLink(_folder.At("by-folder"), _folder.At("real/data"));
        Directory.CreateSymbolicLink(_folder.At("real/up"), "data/..");

        // Relative, through another link, and to a file that is not there yet.
        File.CreateSymbolicLink(_folder.At("by-file.db"), "by-folder/../data/t.db");
        string[] names = ["by-file.db", "by-folder/t.db", "real/up/data/t.db", "real/data/t.db"];
        foreach (var first in names)
        {
            await using var server = new SqliteDatabase(Named(first), DatabaseUse.Server, TimeProvider.System);
            foreach (var second in names)
            {
                Assert.Equal($"{Environment.ProcessId}", SqliteDatabase.ServerPid(Named(second)));
                Assert.Equal(StorageFaultKind.Busy, Assert.Throws<StorageFault>(() => new SqliteDatabase(Named(second), DatabaseUse.Server, TimeProvider.System)).Kind);
                await using var command = new SqliteDatabase(Named(second), DatabaseUse.Command, TimeProvider.System);
                Assert.Equal(1, await command.ReadAsync("one", tx => tx.First<int>(new Sql("one", "select 1"))));
            }
        }

        Assert.Equal(["t.db", "t.db.lock"], Directory.GetFiles(_folder.At("real/data")).Select(file => Path.GetFileName(file)).Order());
    }

    [Fact]
    public void Links_that_lead_round_in_circles_are_a_misuse_and_no_hang()
    {
        File.CreateSymbolicLink(_folder.At("a.db"), "b.db");
        File.CreateSymbolicLink(_folder.At("b.db"), "a.db");
        var fault = Assert.Throws<StorageFault>(() => new SqliteDatabase(Named("a.db"), DatabaseUse.Server, TimeProvider.System));
        Assert.Equal(StorageFaultKind.Misuse, fault.Kind);
        Assert.Contains("circles", fault.Message);
    }

    [Theory]
    [InlineData(DatabaseUse.Server)]
    [InlineData(DatabaseUse.Command)]
    public async Task A_file_with_a_second_name_by_a_hard_link_is_refused(DatabaseUse use)
    {
        var link = Requires.Program("ln", "coreutils");
        await using (new SqliteDatabase(Named("t.db"), DatabaseUse.Server, TimeProvider.System))
        {
            using var ln = System.Diagnostics.Process.Start(link, [_folder.At("t.db"), _folder.At("other.db")]);
            await ln.WaitForExitAsync();
            var fault = Assert.Throws<StorageFault>(() => new SqliteDatabase(Named("other.db"), use, TimeProvider.System));
            Assert.Equal(StorageFaultKind.Misuse, fault.Kind);
            Assert.Contains("2 names (hard links)", fault.Message);
        }

        File.Delete(_folder.At("t.db"));
        await using var again = new SqliteDatabase(Named("other.db"), use, TimeProvider.System);
    }

    [Fact]
    public async Task Asking_who_serves_a_file_never_keeps_a_server_from_starting()
    {
        var address = TestStore.Parse("sqlite:" + _folder.At("t.db"));
        using var stop = new CancellationTokenSource();
        var asking = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                SqliteDatabase.ServerPid(address);
            }
        });
        try
        {
            for (var n = 0; n < 30; n++)
            {
                await using var server = new SqliteDatabase(address, DatabaseUse.Server, TimeProvider.System);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await asking;
        }
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_a_misuse_that_names_it()
    {
        var fault = Assert.Throws<StorageFault>(() => new SqliteDatabase(TestStore.Parse("sqlite:" + _folder.At("no/t.db")), DatabaseUse.Server, TimeProvider.System));
        Assert.Equal(StorageFaultKind.Misuse, fault.Kind);
        Assert.Contains(_folder.At("no/t.db"), fault.Message);
    }

    [Theory]
    [InlineData(DatabaseUse.Server)]
    [InlineData(DatabaseUse.Command)]
    public async Task A_file_that_is_no_database_is_called_that_and_its_lock_is_free_again(DatabaseUse use)
    {
        var address = TestStore.Parse("sqlite:" + _folder.Write("t.db", new string('x', 5000)));
        Assert.Equal(StorageFaultKind.Corrupt, Assert.Throws<StorageFault>(() => new SqliteDatabase(address, use, TimeProvider.System)).Kind);
        File.Delete(address.Target);
        await using var opened = new SqliteDatabase(address, DatabaseUse.Server, TimeProvider.System);
    }

    private DatabaseAddress Named(string name) => TestStore.Parse("sqlite:" + _folder.At(name));
}
