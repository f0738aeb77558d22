using Npgsql;

namespace Rondo.SystemTests.Support;

/// <summary>The tools of these tests, on processes that are simpler than Rondo.</summary>
public sealed class SupportTests
{
    private const string Patient = "trap 'echo stopping; exit 7' TERM; echo ready; while :; do sleep 0.1; done";

    [Fact]
    public async Task A_line_is_waited_for_and_a_stop_gives_the_program_time_to_end_itself()
    {
        await using var process = Shell(Patient);
        Assert.Equal("ready", await process.WaitForLineAsync("read"));
        Assert.Equal(7, await process.StopAsync());
        Assert.Equal(["ready", "stopping"], process.Output);
    }

    [Fact]
    public async Task A_wait_fails_with_what_the_program_said_when_it_ends_first()
    {
        await using var process = Shell("echo no such device >&2; exit 3");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => process.WaitForLineAsync("ready"));
        Assert.Contains("ended with code 3", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no such device", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_ends_at_its_bound()
    {
        await using var process = Shell("exec sleep 60");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => process.WaitForLineAsync("ready", TimeSpan.FromMilliseconds(100)));
        Assert.Contains("within 0.1 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kill_runs_no_handler()
    {
        await using var process = Shell(Patient);
        await process.WaitForLineAsync("ready");
        await process.Kill9Async();
        Assert.Equal(["ready"], process.Output);
    }

    [Fact]
    public async Task A_paused_process_stands_still_and_dies_all_the_same_when_the_test_lets_go()
    {
        var process = Shell(Patient);
        await process.WaitForLineAsync("ready");
        process.Pause();
        await process.UntilAsync(() => Task.FromResult(State(process.Id) == 'T'), "state T");
        process.Cont();
        await process.UntilAsync(() => Task.FromResult(State(process.Id) != 'T'), "another state than T");
        process.Pause();
        await process.DisposeAsync();
        Assert.False(Directory.Exists($"/proc/{process.Id}"));
    }

    [Fact]
    public async Task The_built_program_runs_and_says_how_it_is_used()
    {
        var (code, _, errors) = await RondoProcess.RunAsync("--help");
        Assert.True(code == 0, errors);
    }

    [Fact]
    public async Task A_server_of_our_own_keeps_its_rows_over_a_crash_and_leaves_no_process()
    {
        int pid;
        await using (var server = await PrivatePostgres.StartNewAsync())
        {
            await server.CreateDatabaseAsync("kept");
            await server.ScalarAsync("create table row as select 7 as n", "kept");
            await server.CrashAndStartAsync();
            Assert.Equal(7, await server.ScalarAsync("select n from row", "kept"));
            Assert.Equal("on", await server.ScalarAsync("show fsync"));
            await server.StopAsync();
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => server.ScalarAsync("select 1"));
            await server.StartAsync();
            pid = server.ProcessId;
        }

        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    private static ChildProcess Shell(string script) => new("/bin/sh", ["-c", script]);

    /// <summary>The state letter of proc(5): R running, S sleeping, T stopped.</summary>
    private static char State(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[stat.LastIndexOf(')') + 2];
    }
}
