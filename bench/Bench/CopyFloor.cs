using System.Diagnostics;
using Npgsql;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>What the database's own tool makes of the same rows: into a plain table with the same primary key, nothing checked, nothing kept of where they came from.</summary>
internal static class CopyFloor
{

    /// <summary>Seconds of psql's \copy, or of sqlite3's .import with what a commit has to survive as it is with ours.</summary>
    public static Task<double> RunAsync(Settings settings, string file) => settings.Database == DatabaseKind.Postgres ? PostgresAsync("psql", file) : SqliteAsync(settings, file, "");

    /// <summary>Seconds of sqlite3's .import into a table that is kept in the order of its key, as ours is; null on PostgreSQL.</summary>
    public static async Task<double?> ClusteredAsync(Settings settings, string file) => settings.Database == DatabaseKind.Sqlite ? await SqliteAsync(settings, file, " without rowid") : null;

    /// <summary>Seconds of pgloader, or null where it is not installed.</summary>
    public static async Task<double?> PgloaderAsync(string file)
    {
        try
        {
            return await PostgresAsync("pgloader", file);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Report.Say("pgloader is not installed (apt-get install pgloader)");
            return null;
        }
    }

    private static async Task<double> PostgresAsync(string tool, string file)
    {
        var address = new NpgsqlConnectionStringBuilder(Environment.GetEnvironmentVariable("RONDO_BENCH_POSTGRES") ?? throw new BenchFault("bench/run did not start a PostgreSQL"));
        await using var link = await BenchDatabase.OpenBesideAsync();
        await ExecuteAsync(link, "drop table if exists plain");
        await ExecuteAsync(link, Table("timestamptz", "double precision"));
        try
        {
            var start = tool == "psql"
                ? new ProcessStartInfo("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", $"\\copy plain from '{file}' csv header"])
                : new ProcessStartInfo("pgloader", ["--type", "csv", "--field", "meter,at,value", "--with", "fields terminated by ','", "--with", "skip header = 1", file, $"pgsql://{address.Username}:{address.Password}@{address.Host}:{address.Port}/{address.Database}?tablename=plain"]);
            foreach (var (name, value) in new[] { ("PGHOST", address.Host), ("PGPORT", $"{address.Port}"), ("PGUSER", address.Username), ("PGPASSWORD", address.Password), ("PGDATABASE", address.Database) })
            {
                start.Environment[name] = value;
            }

            return await RunAsync(start, null);
        }
        finally
        {
            await ExecuteAsync(link, "drop table plain");
        }
    }

    private static async Task<double> SqliteAsync(Settings settings, string file, string form)
    {
        var path = Path.Combine(settings.Folder, $"plain_{Guid.NewGuid():N}.db");
        var seconds = await RunAsync(
            new ProcessStartInfo("sqlite3", ["-bail", path]),
            $"pragma journal_mode=wal;\npragma synchronous=full;\n{Table("text", "real")}{form};\n.import --csv --skip 1 {file} plain\n");
        foreach (var each in Directory.GetFiles(settings.Folder, Path.GetFileName(path) + "*"))
        {
            File.Delete(each);
        }

        return seconds;
    }

    private static async Task<double> RunAsync(ProcessStartInfo start, string? input)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.UseShellExecute) = (true, true, false);
        var began = Stopwatch.GetTimestamp();
        using var tool = Process.Start(start)!;
        var words = tool.StandardOutput.ReadToEndAsync();
        await tool.StandardInput.WriteAsync(input);
        tool.StandardInput.Close();
        await tool.WaitForExitAsync();
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return tool.ExitCode == 0 ? took : throw new BenchFault($"{start.FileName} ended with code {tool.ExitCode}: {await words}");
    }

    private static string Table(string instant, string number) => $"create table plain (meter text not null, at {instant} not null, value {number} not null, primary key (meter, at))";

    private static async Task ExecuteAsync(NpgsqlConnection link, string sql)
    {
        await using var command = new NpgsqlCommand(sql, link) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync();
    }
}
