using System.Collections;
using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Jobs.Proof;

/// <summary>
/// Holds what was accepted against what is there, on one snapshot: first by count and sum of the numbers of each minute, and where these differ number by number.
/// What was accepted more than a day ago is looked at one by one until it has ended.
/// </summary>
internal static class Balance
{
    /// <summary>How far back acceptances are counted.</summary>
    public static readonly TimeSpan Counted = TimeSpan.FromHours(25);

    /// <summary>What has ended is there for at least so long, whatever retention says, so that a balance has seen it.</summary>
    public static readonly TimeSpan KeepEnded = TimeSpan.FromHours(48);

    private const int MostGaps = 60;
    private const int MostIds = 100;
    private const int MostNamed = 1_000;
    private static readonly TimeSpan _recent = TimeSpan.FromMinutes(15);
    private static readonly JsonSerializerOptions _json = new() { Converters = { new InstantText() } };

    /// <summary>Makes one and stores what it found.</summary>
    /// <param name="database">The database.</param>
    /// <param name="isWide">True for all that is counted, false for the last minutes and what was wrong before.</param>
    /// <param name="reach">How far back a wide one goes.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<BalanceReport> RunAsync(Database database, bool isWide, TimeSpan reach, CancellationToken stop)
    {
        var found = await database.ReadLongAsync("jobs.balance", tx => Read(tx, isWide ? reach : _recent), stop).ConfigureAwait(false);
        await StoreAsync(database, found, isWide, stop).ConfigureAwait(false);
        return found.Report;
    }

    /// <summary>The last one, or null.</summary>
    public static BalanceReport? Last(Transaction tx) => BalanceStore.Read(tx).Report is { } text ? JsonSerializer.Deserialize<BalanceReport>(text, _json) : null;

    /// <summary>Declares what the last one missed to be lost: it is a gap no more. Returns how many.</summary>
    public static async Task<int> WriteOffAsync(Database database, CancellationToken stop)
    {
        var lost = await database.ReadLongAsync("jobs.balance", tx => Read(tx, Counted, int.MaxValue).Missing, stop).ConfigureAwait(false);
        await database.WriteLongAsync(
            "jobs.balance.off",
            tx =>
            {
                BalanceStore.WriteOff(tx, lost.Where(l => !l.IsOwed).Select(l => l.Job));
                BalanceStore.LetGo(tx, new IdList([.. lost.Select(l => l.Job.Id)]));
                return true;
            },
            stop).ConfigureAwait(false);
        return lost.Count;
    }

    private static Found Read(Transaction tx, TimeSpan reach, int mostNamed = MostNamed)
    {
        var now = tx.Now;
        var last = BalanceStore.Read(tx);
        var from = now - reach;
        from = last.BadFrom is { } bad && bad < from ? bad : from;
        from = Later(Later(from, now - Counted), last.Since);
        from = new Instant(from.Micros - (from.Micros % 60_000_000));
        from = Later(from, last.Since);
        var accepted = BalanceStore.Accepted(tx, from).ToDictionary(s => s.Minute);
        var there = BalanceStore.There(tx, from).ToDictionary(s => s.Minute);
        var gaps = new List<(BalanceGap Gap, bool IsOwed)>();
        var missing = new List<(BalanceStore.Owing Job, bool IsOwed)>();
        var (lost, doubled) = (0L, 0L);
        foreach (var minute in accepted.Keys.Union(there.Keys).Order())
        {
            var (a, t) = (accepted.GetValueOrDefault(minute), there.GetValueOrDefault(minute));
            if ((a?.Count ?? 0, a?.Ids ?? "0") != (t?.Count ?? 0, t?.Ids ?? "0") && gaps.Count < MostGaps)
            {
                Compare(tx, minute, mostNamed, gaps, missing, ref lost, ref doubled);
            }
        }

        var gone = BalanceStore.NotLive(tx);
        var ended = BalanceStore.Ended(tx, [.. gone.Select(g => g.Id)]);
        var counted = missing.Select(m => m.Job.Id).ToHashSet();
        var owing = gone.FindAll(g => !ended.Contains(g.Id) && !counted.Contains(g.Id));
        lost += owing.Count;
        missing.AddRange(owing.Select(o => (o, true)));
        foreach (var group in owing.GroupBy(o => (o.Kind, Minute: new Instant(o.At.Micros - (o.At.Micros % 60_000_000)))).Take(MostGaps))
        {
            gaps.Add((new BalanceGap(group.Key.Minute, group.Key.Kind, false, group.Count(), [.. group.Select(o => o.Id).Order().Take(MostIds)]), true));
        }

        var report = new BalanceReport
        {
            At = now,
            From = from,
            Accepted = accepted.Values.Sum(s => s.Count),
            Ended = there.Values.Sum(s => s.Ended),
            Open = there.Values.Sum(s => s.Count - s.Ended),
            Owed = BalanceStore.Owed(tx),
            Missing = lost,
            Doubled = doubled,
            Gaps = [.. gaps.Select(g => g.Gap).OrderBy(g => g.From).Take(MostGaps)],
        };
        Instant? badFrom = gaps.Exists(g => !g.IsOwed) ? gaps.Where(g => !g.IsOwed).Min(g => g.Gap.From) : null;
        return new Found(report, missing, [.. ended], badFrom);
    }

    /// <summary>One minute, number by number: a bit for each that was accepted.</summary>
    private static void Compare(
        Transaction tx, Instant minute, int mostNamed, List<(BalanceGap, bool)> gaps, List<(BalanceStore.Owing, bool)> missing, ref long lost, ref long doubled)
    {
        var all = BalanceStore.Runs(tx, minute);
        var runs = all.Where(r => r.N > 0).OrderBy(r => r.FirstId).ToArray();
        var firsts = runs.Select(r => r.FirstId).ToArray();
        var offsets = new int[runs.Length];
        var total = 0;
        for (var n = 0; n < runs.Length; n++)
        {
            (offsets[n], total) = (total, total + runs[n].N);
        }

        var seen = new BitArray(total);
        var twice = new List<(string Kind, long Id)>();
        foreach (var (id, isThere) in BalanceStore.Ids(tx, minute).Select(id => (id, true)).Concat(all.Where(r => r.N < 0).Select(r => (r.FirstId, false))))
        {
            var at = Array.BinarySearch(firsts, id);
            at = at < 0 ? ~at - 1 : at;
            if (at < 0 || id > runs[at].LastId)
            {
                // Nobody knows of its acceptance: stored by hand, or by a program before this table was.
                continue;
            }

            var place = offsets[at] + (int)(id - runs[at].FirstId);
            if (seen[place] && isThere)
            {
                twice.Add((runs[at].Kind, id));
            }

            seen[place] = true;
        }

        var gone = new List<(string Kind, long Id)>();
        for (var n = 0; n < runs.Length; n++)
        {
            for (var i = 0; i < runs[n].N; i++)
            {
                if (!seen[offsets[n] + i])
                {
                    gone.Add((runs[n].Kind, runs[n].FirstId + i));
                }
            }
        }

        // Clocks that were set may have an end long before its acceptance: whoever is in the history is not missing.
        foreach (var piece in gone.Select(g => g.Id).Chunk(BalanceStore.Piece).ToList())
        {
            var ended = BalanceStore.Ended(tx, piece);
            gone.RemoveAll(g => ended.Contains(g.Id));
        }

        lost += gone.Count;
        doubled += twice.Count;
        missing.AddRange(gone.Take(Math.Max(0, mostNamed - missing.Count)).Select(g => (new BalanceStore.Owing { Id = g.Id, Kind = g.Kind, At = minute }, false)));
        foreach (var (list, isDoubled) in new[] { (gone, false), (twice, true) })
        {
            gaps.AddRange(list.GroupBy(g => g.Kind).Select(g => (new BalanceGap(minute, g.Key, isDoubled, g.Count(), [.. g.Select(i => i.Id).Order().Take(MostIds)]), false)));
        }
    }

    private static async Task StoreAsync(Database database, Found found, bool isWide, CancellationToken stop)
    {
        var report = found.Report;
        if (isWide)
        {
            await CarryAsync(database, found, report.At - Counted - TimeSpan.FromHours(1), stop).ConfigureAwait(false);
        }

        await database.WriteAsync(
            "jobs.balance.store",
            tx =>
            {
                BalanceStore.Settle(tx, found.Ended);

                // A gap does not go away by growing old.
                BalanceStore.Owe(tx, found.Missing.Where(m => !m.IsOwed).Select(m => m.Job), isMissing: true);
                BalanceStore.Miss(tx, [.. found.Missing.Where(m => m.IsOwed).Select(m => m.Job.Id)]);
                BalanceStore.Store(tx, report.At, JsonSerializer.Serialize(report, _json), found.BadFrom, isWide ? report.At : null);
            },
            stop).ConfigureAwait(false);
    }

    /// <summary>From counted to owed: what is older than <paramref name="old"/> and has not ended, and what of it is missing.</summary>
    private static async Task CarryAsync(Database database, Found found, Instant old, CancellationToken stop)
    {
        foreach (var table in BalanceStore.Live)
        {
            for (long? after = 0; after is not null;)
            {
                var from = after.Value;
                after = await database.WriteAsync("jobs.balance.carry", tx => Carry(tx, table, from, old), stop).ConfigureAwait(false);
            }
        }

        while (await database.WriteAsync("jobs.balance.old", tx => BalanceStore.Forget(tx, old), stop).ConfigureAwait(false))
        {
            stop.ThrowIfCancellationRequested();
        }
    }

    private static long? Carry(Transaction tx, Sql table, long after, Instant old)
    {
        var jobs = tx.Query<BalanceStore.Owing>(table, new { after, old, piece = BalanceStore.CarryPiece });
        BalanceStore.Owe(tx, jobs, isMissing: false);
        return jobs.Count == BalanceStore.CarryPiece ? jobs[^1].Id : null;
    }

    private static Instant Later(Instant a, Instant b) => a > b ? a : b;

    private sealed record Found(BalanceReport Report, List<(BalanceStore.Owing Job, bool IsOwed)> Missing, long[] Ended, Instant? BadFrom);
}
