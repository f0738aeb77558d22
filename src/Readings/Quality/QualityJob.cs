using System.Text.Json;
using Rondo.Jobs;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Quality;

/// <summary>Arguments of <c>readings.quality</c>.</summary>
/// <param name="At">An instant of the day to look at, ISO 8601; null for the last day that is over on the site's clock.</param>
public sealed record QualityArgs(string? At = null);

/// <summary>
/// The job <c>readings.quality</c>: judges a day of every series in use, keeps what there is to say against it, and tells the feed how many series that is (<c>readings.quality</c> on <c>global</c>). Again
/// and again the same.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="options">Who knows what was planned.</param>
/// <param name="log">The log of events; null where nobody keeps one.</param>
public sealed class QualityJob(Database database, RollupOptions options, EventLog? log) : IJobHandler<QualityArgs>
{
    /// <summary>The kind.</summary>
    public const string Kind = "readings.quality";

    /// <summary>How long findings are kept.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(400);

    private const int Page = 50;
    private const int Slice = 2_000;
    private const int MostNamed = 20;
    private readonly QualityReader _reader = new(options);

    /// <summary>How it runs: one at a time.</summary>
    public static HandlerOptions<QualityArgs> Options { get; } = new()
    {
        Timeout = TimeSpan.FromHours(12), ConcurrencyKey = _ => Kind,
        Refuse = args => args.At is null || Instant.TryParse(args.At, out _) ? null : new JobArgsProblem("/at", "is no instant; expected one such as 2026-01-31T12:00:00Z"),
    };

    /// <summary>Adds the schedule <c>readings-quality</c>.</summary>
    /// <param name="schedules">Where it is added.</param>
    /// <param name="at">Time of day on the site's clock.</param>
    /// <param name="zone">Zone of that clock.</param>
    public static JobSchedules AddTo(JobSchedules schedules, TimeOnly at, string zone) => schedules.Add("readings-quality", $"{at.Minute} {at.Hour} * * *", zone, new QualityArgs());

    /// <inheritdoc/>
    public async Task<JobResult> Handle(QualityArgs args, JobContext job, CancellationToken stop)
    {
        var (day, date) = await database.ReadAsync("quality.day", tx => Day(tx, args), stop).ConfigureAwait(false);

        // Said before the first is judged: what comes of it from now on is late.
        await database.WriteAsync(
            "quality.judging",
            tx =>
            {
                LateDays.Judging(tx, new Instant(day.Until));
                LateDays.Leave(tx, new Instant(day.From));
            },
            stop).ConfigureAwait(false);
        try
        {
            return await JudgeAsync(day, date, job, stop).ConfigureAwait(false);
        }
        finally
        {
            await database.WriteAsync("quality.judging", tx => LateDays.Leave(tx, null), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<JobResult> JudgeAsync(Span day, string date, JobContext job, CancellationToken stop)
    {
        var (judged, bad, named) = (0L, 0L, new List<string>());
        for (var after = long.MinValue; ;)
        {
            var series = await database.ReadAsync("quality.series", tx => FindingStore.Series(tx, after, Page), stop).ConfigureAwait(false);
            if (series.Count == 0)
            {
                break;
            }

            var found = new List<(long, DayQuality)>();
            foreach (var one in series)
            {
                if (await JudgeAsync(one, day, job, stop).ConfigureAwait(false) is not { } quality)
                {
                    continue;
                }

                judged++;
                if (!quality.IsGood)
                {
                    found.Add((one.Id, quality));
                    named.AddRange(named.Count < MostNamed ? [one.Name] : []);
                }
            }

            await database.WriteAsync("quality.found", tx =>
            {
                FindingStore.Hold(tx);
                FindingStore.Put(tx, new Instant(day.From), [.. series.Select(s => s.Id)], found);
            }, stop).ConfigureAwait(false);
            bad += found.Count;
            job.Progress(judged, null, "series judged");
            after = series[^1].Id;
        }

        while (await database.WriteAsync("quality.findings.drop", tx => FindingStore.Drop(tx, tx.Now - KeptFor, Slice), stop).ConfigureAwait(false) == Slice)
        {
            stop.ThrowIfCancellationRequested();
        }

        // Without names: not everybody who listens may see every device.
        var said = JsonSerializer.Serialize(new { day = date, series = judged, not_good = bad });
        await database.WriteAsync("quality.told", tx => log?.Write(tx, new LiveEvent(Kind, Topics.Global, tx.Now, said)), stop).ConfigureAwait(false);
        job.Log($"{date}: {bad} of {judged} series are not good{(bad == 0 ? "" : $": {string.Join(", ", named)}{(bad > named.Count ? ", …" : "")}; rondo readings findings")}");
        return JobResult.Done;
    }

    private async Task<DayQuality?> JudgeAsync(SeriesRow series, Span day, JobContext job, CancellationToken stop)
    {
        try
        {
            var days = await database.ReadAsync("quality.judge", tx => _reader.Read(tx, series.Name, new Instant(day.From), new Instant(day.Until)), stop).ConfigureAwait(false);
            return days is [var one] && one.IsJudged ? one : null;
        }
        catch (QuestionRefused refused)
        {
            job.Log($"{series.Name} is not judged: {refused.Message}", "warning");
            return null;
        }
    }

    private static (Span Day, string Date) Day(Transaction tx, QualityArgs args)
    {
        var calendar = SiteZone.Of(tx);
        var at = Instant.TryParse(args.At, out var asked) ? asked.Micros : calendar.Bucket(Tier.Day, tx.Now.Micros).From - 1;
        var day = calendar.Bucket(Tier.Day, at);
        return (day, calendar.DateText(day.From));
    }
}
