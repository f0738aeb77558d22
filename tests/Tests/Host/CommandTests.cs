using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Tests that type commands over a database of their own, on both databases.</summary>
public abstract class CommandTests : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private TestPostgres? _postgres;

    public static TheoryData<string> Databases => ["sqlite", "postgres"];

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>With a migrated database.</summary>
    private protected async Task<CommandRun> StartAsync(string kind)
    {
        _postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        var run = new CommandRun(_folder);
        run.Database = _postgres?.Url ?? run.Database;
        if (_postgres is null)
        {
            await TestStore.LayFileAsync(_folder.At("rondo.db"));
        }

        return run;
    }
}
