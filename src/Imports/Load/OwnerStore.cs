using Npgsql;
using NpgsqlTypes;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Imports.Load;

/// <summary>A run of values: every <paramref name="StepUs"/> from <paramref name="FromUs"/> to <paramref name="UntilUs"/>.</summary>
internal readonly record struct ValueRun(long SeriesId, long FromUs, long UntilUs, long StepUs);

/// <summary>Whose value it is.</summary>
/// <param name="Import">The import; null for nobody's that is known.</param>
/// <param name="HasHad">True when the import that asks brought or replaced it at some time.</param>
internal readonly record struct ValueOwner(long? Import, bool HasHad);

/// <summary>A value that was replaced.</summary>
internal sealed class Correction
{
    public long SeriesId { get; init; }

    public Instant At { get; init; }

    public long ImportId { get; init; }

    public long? FormerImport { get; init; }

    public double OldValue { get; init; }

    public string OldMark { get; init; } = ".";

    public double? NewValue { get; init; }

    public string? NewMark { get; init; }
}

/// <summary>The SQL of which import brought which value: what undo and corrections rest on.</summary>
internal static class OwnerStore
{
    private static readonly Sql _addRun = new("imports.run.add", """
        insert into import_run (series_id, from_us, until_us, step_us, import_id) values (?1, ?2, ?3, ?4, ?5)
        on conflict (series_id, from_us, import_id) do update set until_us = excluded.until_us, step_us = excluded.step_us
        """);

    private static readonly Sql _addRuns = new("imports.run.add", """
        insert into import_run (series_id, from_us, until_us, step_us, import_id) select s, f, u, d, $5::bigint from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as n (s, f, u, d)
        on conflict (series_id, from_us, import_id) do update set until_us = excluded.until_us, step_us = excluded.step_us
        """);

    // Of each value the end of its chain, else whoever brought it first; and whether this import was either at some time.
    private static readonly Sql _owners = new("imports.owners", """
        select k.i, coalesce(
          (select c.import_id from import_correction c where c.series_id = k.series and c.at = k.at and not exists (
             select 1 from import_correction d where d.series_id = c.series_id and d.at = c.at and d.former_import = c.import_id)
           order by c.import_id desc limit 1),
          (select r.import_id from import_run r where r.series_id = k.series and r.from_us <= k.us and r.until_us >= k.us and (k.us - r.from_us) % r.step_us = 0 order by r.import_id desc limit 1)) as owner,
          exists (select 1 from import_correction c where c.series_id = k.series and c.at = k.at and c.import_id = @import)
          or exists (select 1 from import_run r where r.series_id = k.series and r.import_id = @import and r.from_us <= k.us and r.until_us >= k.us and (k.us - r.from_us) % r.step_us = 0) as has_had
        from {only:sqlite}(select key as i, json_extract(value, '$[0]') as series, json_extract(value, '$[1]') as us, json_extract(value, '$[1]') as at from json_each(@keys)) k{end}
        {only:postgres}(select n - 1 as i, (e ->> 0)::bigint as series, (e ->> 1)::bigint as us, timestamptz 'epoch' + (e ->> 1)::bigint * interval '1 microsecond' as at
          from jsonb_array_elements(@keys::jsonb) with ordinality as x (e, n)) k{end}
        """);

    private static readonly Sql _correct = new("imports.correct", """
        insert into import_correction (series_id, at, import_id, former_import, old_value, old_mark, new_value, new_mark, corrected_at)
        values (@SeriesId, @At, @ImportId, @FormerImport, @OldValue, @OldMark, @NewValue, @NewMark, @now)
        """);

    private static readonly Sql _anew = new("imports.correct.anew", """
        update import_correction set new_value = @value, new_mark = @mark where series_id = @series and at = @at and import_id = @import
        """);

    private static readonly Sql _ofImport = new("imports.corrections", """
        select series_id, at, import_id, former_import, old_value, old_mark from import_correction where import_id = @import order by series_id, at limit @limit
        """);

    private static readonly Sql _after = new("imports.correction.after", """
        select series_id, at, import_id, former_import, old_value, old_mark from import_correction where series_id = @series and at >= @from and at <= @until and former_import = @import
        """);

    private static readonly Sql _relink = new("imports.correction.relink", """
        update import_correction set former_import = @former, old_value = @value, old_mark = @mark where series_id = @series and at = @at and import_id = @import
        """);

    private static readonly Sql _drop = new("imports.correction.drop", "delete from import_correction where series_id = @series and at = @at and import_id = @import");

    private static readonly Sql _firstRun = new("imports.run.first", "select series_id, from_us, until_us, step_us from import_run where import_id = @import order by series_id, from_us limit 1");

    private static readonly Sql _dropRun = new("imports.run.drop", "delete from import_run where import_id = @import and series_id = @series and from_us = @from");

    /// <summary>Says that an import brought these values.</summary>
    public static void AddRuns(Transaction tx, long import, List<ValueRun> runs)
    {
        if (runs.Count == 0)
        {
            return;
        }

        if (tx is SqliteWork sqlite)
        {
            var add = sqlite.Prepared(_addRun);
            foreach (var run in runs)
            {
                add.Bind(1, run.SeriesId);
                add.Bind(2, run.FromUs);
                add.Bind(3, run.UntilUs);
                add.Bind(4, run.StepUs);
                add.Bind(5, import);
                add.Execute();
            }

            return;
        }

        using var command = new NpgsqlCommand(_addRuns.For(Dialect.Postgres), ((PostgresWork)tx).Link);
        foreach (var column in (long[][])[[.. runs.Select(r => r.SeriesId)], [.. runs.Select(r => r.FromUs)], [.. runs.Select(r => r.UntilUs)], [.. runs.Select(r => r.StepUs)]])
        {
            command.Parameters.AddArray(column, NpgsqlDbType.Bigint);
        }

        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = import });
        using var timed = tx.Run(_addRuns.Name);
        command.ExecuteNonQuery();
    }

    /// <summary>Whose values these are (series and microseconds since the epoch), in their order.</summary>
    public static ValueOwner[] Owners(Transaction tx, long import, IReadOnlyList<(long Series, long Us)> keys)
    {
        var owners = new ValueOwner[keys.Count];
        foreach (var row in keys.Count == 0 ? [] : tx.Query<OwnerRow>(_owners, new { import, keys = "[" + string.Join(',', keys.Select(k => $"[{k.Series},{k.Us}]")) + "]" }))
        {
            owners[(int)row.I] = new ValueOwner(row.Owner, row.HasHad);
        }

        return owners;
    }

    public static void Correct(Transaction tx, IReadOnlyList<Correction> corrections)
    {
        var now = tx.Now;
        foreach (var c in corrections)
        {
            tx.Execute(_correct, new { c.SeriesId, c.At, c.ImportId, c.FormerImport, c.OldValue, c.OldMark, c.NewValue, c.NewMark, now });
        }
    }

    /// <summary>An import says another value than it did; where it replaced somebody's by it, that is what it replaced it by.</summary>
    public static void CorrectAnew(Transaction tx, long import, long series, Instant at, double value, string mark) => tx.Execute(_anew, new { import, series, at, value, mark });

    public static List<Correction> OfImport(Transaction tx, long import, int limit) => tx.Query<Correction>(_ofImport, new { import, limit });

    /// <summary>What replaced values of an import, between two instants, both included.</summary>
    public static List<Correction> After(Transaction tx, long import, long series, Instant from, Instant until) => tx.Query<Correction>(_after, new { import, series, from, until });

    public static void Relink(Transaction tx, Correction of, long? former, double value, string mark) =>
        tx.Execute(_relink, new { former, value, mark, series = of.SeriesId, at = of.At, import = of.ImportId });

    public static void Drop(Transaction tx, Correction of) => tx.Execute(_drop, new { series = of.SeriesId, at = of.At, import = of.ImportId });

    public static RunRow? FirstRun(Transaction tx, long import) => tx.First<RunRow>(_firstRun, new { import });

    public static void DropRun(Transaction tx, long import, RunRow run) => tx.Execute(_dropRun, new { import, series = run.SeriesId, from = run.FromUs });

    private sealed class OwnerRow
    {
        public long I { get; init; }

        public long? Owner { get; init; }

        public bool HasHad { get; init; }
    }

    internal sealed class RunRow
    {
        public long SeriesId { get; init; }

        public long FromUs { get; init; }

        public long UntilUs { get; init; }

        public long StepUs { get; init; }
    }
}
