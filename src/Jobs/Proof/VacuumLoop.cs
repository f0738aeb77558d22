using System.Globalization;
using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Jobs.Proof;

/// <summary>Looks twice a minute who holds vacuum back on the tables of jobs; PostgreSQL only.</summary>
internal sealed class VacuumLoop(Database database, JobsOptions options, TimeProvider time, ILogger log) : Loop("jobs.vacuum", time)
{
    /// <summary>With so many dead rows in the way less patience is had.</summary>
    public const long ManyDead = 100_000;

    /// <summary>A slot tells no time; held back by so many transactions it is said.</summary>
    public const int ManyTransactions = 1_000_000;

    private const double Hurry = 10;
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(30);
    private readonly HashSet<(string, string)> _told = [];

    /// <summary>What the last look found, or null.</summary>
    public VacuumReport? Latest { get; private set; }

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var report = await database.ReadAsync("jobs.vacuum", tx => Look(tx, options.VacuumPatience), stop).ConfigureAwait(false);
        Latest = report;
        _told.RemoveWhere(told => !report.Blockers.Any(b => (b.Kind, b.Name) == told));
        foreach (var blocker in report.Blockers.Where(b => _told.Add((b.Kind, b.Name))))
        {
            JobsLog.VacuumBlocked(log, Describe(blocker), report.DeadRows);
        }

        return _every;
    }

    /// <summary>Who holds on for longer than <paramref name="patience"/>; a tenth of it when there are many dead rows.</summary>
    public static VacuumReport Look(Transaction tx, TimeSpan patience)
    {
        var dead = VacuumStore.Dead(tx);
        var most = patience.TotalSeconds / (dead >= ManyDead ? Hurry : 1);
        return new VacuumReport(dead, [.. VacuumStore.Holders(tx).Where(h => h.AgeS >= most || h.Transactions >= ManyTransactions).Take(20).Select(h => new VacuumBlocker(
            h.Kind, h.Name, h.Application, h.UserName, h.State, Math.Round(h.AgeS, 1), h.Transactions, h.Query, ToEnd(h)))]);
    }

    /// <summary>One sentence that names it and says how it is ended.</summary>
    public static string Describe(VacuumBlocker blocker)
    {
        var since = string.Create(CultureInfo.InvariantCulture, $"{blocker.AgeS:0} s");
        var who = blocker.Kind switch
        {
            "session" => $"session {blocker.Name} ({blocker.Application}, user {blocker.User}) is {blocker.State} in a transaction of {since}; its last statement: {OneLine(blocker.Query)}",
            "prepared" => $"prepared transaction '{blocker.Name}' of user {blocker.User} has waited for its commit for {since}",
            _ => $"replication slot {blocker.Name} ({blocker.State}) holds back what {blocker.Transactions:N0} transactions have left",
        };
        return $"{who}. While it lasts, rows of jobs that are gone cannot be cleaned up and claims become slower. Let it end, or end it: {blocker.ToEnd}";
    }

    private static string OneLine(string query) => query.Length == 0 ? "unknown (grant pg_read_all_stats to see it)" : string.Join(' ', query.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string ToEnd(VacuumStore.Holder holder) => holder.Kind switch
    {
        "session" => $"select pg_terminate_backend({holder.Name})",
        "prepared" => $"rollback prepared '{holder.Name.Replace("'", "''", StringComparison.Ordinal)}'",
        _ => $"select pg_drop_replication_slot('{holder.Name.Replace("'", "''", StringComparison.Ordinal)}')",
    };
}
