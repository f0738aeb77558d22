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
}
