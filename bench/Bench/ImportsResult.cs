namespace Rondo.Bench;

/// <summary>The last line of <c>bench/run imports</c>.</summary>
internal sealed record ImportsResult
{
    public double RowsPerS { get; init; }

    /// <summary>psql's \copy, or sqlite3's .import, of the same file in the same run.</summary>
    public double CopyPerS { get; init; }

    public double CopyRatio { get; init; }

    /// <summary>sqlite3's .import into a table without rowid.</summary>
    public double? ClusteredPerS { get; init; }

    public double? PgloaderPerS { get; init; }

    public double? PgloaderRatio { get; init; }

    public double CpuUsPerRow { get; init; }

    public double? ServerCpuUsPerRow { get; init; }

    public double WideValuesPerS { get; init; }

    public double WideCopyPerS { get; init; }

    public double WideCopyRatio { get; init; }

    public double WideCpuUsPerValue { get; init; }

    /// <summary>All tiers of the wide file, from nothing.</summary>
    public double RollupS { get; init; }

    /// <summary>All tiers of one day of one series, among the whole file.</summary>
    public double CorrectedDayMs { get; init; }

    public double QueryDayP50Ms { get; init; }

    public double QueryDayP99Ms { get; init; }

    public double QueryRawP50Ms { get; init; }

    public double QueryRawP99Ms { get; init; }

    public double LatestP50Ms { get; init; }

    public double LatestP99Ms { get; init; }

    /// <summary>The most memory that loading either file took.</summary>
    public double RssMb { get; init; }

    public double LongRssMb { get; init; }

    public string? Database { get; init; }

    public long? Rows { get; init; }

    public long? WideValues { get; init; }

    public int? Runs { get; init; }

    public string? Commit { get; init; }

    /// <summary>Each figure's own median; ratios are medians of the ratios, each within its run.</summary>
    public static ImportsResult Median(IReadOnlyList<ImportsResult> runs)
    {
        return new ImportsResult
        {
            RowsPerS = Of(r => r.RowsPerS),
            CopyPerS = Of(r => r.CopyPerS),
            CopyRatio = Of(r => r.CopyRatio),
            ClusteredPerS = OfSome(r => r.ClusteredPerS),
            PgloaderPerS = OfSome(r => r.PgloaderPerS),
            PgloaderRatio = OfSome(r => r.PgloaderRatio),
            CpuUsPerRow = Of(r => r.CpuUsPerRow),
            ServerCpuUsPerRow = OfSome(r => r.ServerCpuUsPerRow),
            WideValuesPerS = Of(r => r.WideValuesPerS),
            WideCopyPerS = Of(r => r.WideCopyPerS),
            WideCopyRatio = Of(r => r.WideCopyRatio),
            WideCpuUsPerValue = Of(r => r.WideCpuUsPerValue),
            RollupS = Of(r => r.RollupS),
            CorrectedDayMs = Of(r => r.CorrectedDayMs),
            QueryDayP50Ms = Of(r => r.QueryDayP50Ms),
            QueryDayP99Ms = Of(r => r.QueryDayP99Ms),
            QueryRawP50Ms = Of(r => r.QueryRawP50Ms),
            QueryRawP99Ms = Of(r => r.QueryRawP99Ms),
            LatestP50Ms = Of(r => r.LatestP50Ms),
            LatestP99Ms = Of(r => r.LatestP99Ms),
            RssMb = Of(r => r.RssMb),
            LongRssMb = Of(r => r.LongRssMb),
        };

        double? OfSome(Func<ImportsResult, double?> value) => runs.Any(r => value(r) is null) ? null : Of(r => value(r)!.Value);
        double Of(Func<ImportsResult, double> value) => runs.Select(value).Order().ElementAt(runs.Count / 2);
    }
}
