using Rondo.Host.Commands;
using Rondo.Imports;
using Spectre.Console;

namespace Rondo.Tests.Imports;

/// <summary>Imports that are looked at until they have ended.</summary>
public sealed class FollowTests
{
    [Fact]
    public async Task An_import_that_is_not_there_any_more_is_told_and_is_no_good_end()
    {
        var said = new List<string>();
        var rows = new Dictionary<long, ImportRow> { [1] = new() { Id = 1, File = "a.csv", State = "done", JobState = "done" } };
        Assert.True(await FollowAsync(1));
        Assert.Equal(["1 a.csv: done, 0 rows"], said);
        said.Clear();
        Assert.False(await FollowAsync(1, 2));
        Assert.Equal(["1 a.csv: done, 0 rows", "import 2 is not there any more; what came of it cannot be told"], said);

        Task<bool> FollowAsync(params long[] ids) => ImportsFollow.RunAsync(
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }), id => Task.FromResult(rows.GetValueOrDefault(id)), ids, TimeProvider.System, said.Add, TestContext.Current.CancellationToken);
    }
}
