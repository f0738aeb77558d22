using Rondo.Readings.Archive;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Queries;

/// <summary>
/// Answers questions about series out of what is rolled up, and works out by itself what is not yet: an answer has everything that was committed before it, but for what
/// <see cref="SeriesAnswer.IsPending"/> says.
/// </summary>
/// <param name="options">How readings are rolled up.</param>
public sealed class SeriesReader(RollupOptions options)
{
    private const int MostPendingDays = 62;
    private const int MostPendingSamples = 20_000;
    private const int MostSamples = 200_000;

    /// <summary>The answer, or null when there is no such series. A question for readings as they are is answered with at most <paramref name="limit"/> of them.</summary>
    /// <exception cref="QuestionRefused">It would have too many buckets, or cannot be answered in another zone.</exception>
    public SeriesAnswer? Read(Transaction tx, SeriesQuestion question, int limit = SeriesQuestion.MostBuckets)
    {
        if (ReadingQuery.Find(tx, question.Series) is not { } series)
        {
            return null;
        }

        var shapes = QuestionStore.Shapes(tx, question.Series);
        var site = SiteZone.Of(tx);
        var calendar = question.Calendar ?? site;
        var asked = new Span(question.From.Micros, Math.Max(question.To.Micros, question.From.Micros + 1));
        var kept = KeptFrom.Read(tx);
        var step = question.Step ?? Choose(tx, shapes, asked, question.Points, kept);
        var whole = Whole(kept, shapes, step);
        var keptFrom = whole > asked.From ? new Instant(whole) : default(Instant?);
        if (step == Tier.Raw)
        {
            var readings = ReadingQuery.Range(tx, question.Series, question.From, question.To, limit);
            return Answer(tx, series, PlannedOf(tx, shapes, asked, site), Tier.Raw, asked, readings.Count, question, calendar) with { Readings = readings, KeptFrom = keptFrom };
        }

        if (new TimeSpan((asked.Until - asked.From) * 10) / step.Length() > SeriesQuestion.MostBuckets)
        {
            throw new QuestionRefused($"from {question.From} to {question.To} has more than {SeriesQuestion.MostBuckets} buckets of {step.Word()}; ask for a coarser step or for less");
        }

        var span = calendar.Widen(step, asked);
        var isPending = false;
        var parts = new SortedDictionary<long, Parts>();
        foreach (var shape in shapes)
        {
            foreach (var one in Parts(tx, shape, step, span, calendar, site, ref isPending))
            {
                if (parts.TryGetValue(one.At, out var other))
                {
                    other.Add(one);
                }
                else
                {
                    parts[one.At] = one;
                }
            }
        }

        var aggregate = question.Aggregate ?? series.Kind switch { "energy" => Aggregate.Sum, "counter" => Aggregate.Delta, _ => Aggregate.Avg };
        var buckets = parts.Values.Select(p => Bucket.Of(p, series.Kind, aggregate)).ToList();
        var planned = PlannedOf(tx, shapes, span, site);
        if (question.GapFill != GapFill.None)
        {
            buckets = Gaps.Fill(buckets, calendar.Buckets(step, span), question.GapFill);
        }

        var now = tx.Now.Micros;
        var isPolled = shapes.TrueForAll(s => s.Class == SeriesClass.Polled);
        buckets = buckets.ConvertAll(b => b with { Expected = Expected(planned, calendar.Bucket(step, b.At.Micros), now, isPolled ? b.Expected : null) });
        var answer = Answer(tx, series, planned, step, span, parts.Values.Sum(p => (long)p.Readings), question, calendar);
        return answer with
        {
            Buckets = buckets, IsPending = isPending, Aggregate = aggregate, KeptFrom = keptFrom,
            Expected = isPolled && buckets.Exists(b => b.Expected is not null) ? Math.Max(answer.Expected ?? 0, buckets.Sum(b => (long)(b.Expected ?? 0))) : answer.Expected,
        };
    }

    /// <summary>How many readings of a series were planned in [from, until), until now at most; null when nobody knows.</summary>
    public long? Expected(Transaction tx, string series, Instant from, Instant until)
    {
        var span = new Span(from.Micros, until.Micros);
        return Expected(PlannedOf(tx, QuestionStore.Shapes(tx, series), span, SiteZone.Of(tx)), span, tx.Now.Micros);
    }

    /// <summary>What all readings in [from, until) come to, in one bucket; null when there are none. Both ends are widened to whole hours, and to days beyond eleven years.</summary>
    public (SeriesAnswer Answer, Bucket? Total)? Total(Transaction tx, string series, Instant from, Instant until, SiteCalendar? calendar)
    {
        var step = until - from > TimeSpan.FromDays(3_650) ? Tier.Day : Tier.Hour;
        return Read(tx, new SeriesQuestion { Series = series, From = from, To = until, Step = step, Calendar = calendar }) is { } answer ? (answer, Bucket.Whole(answer.Buckets)) : null;
    }

    /// <summary>The newest readings of series, in the order of their names in <paramref name="names"/>; without those that there are not.</summary>
    public static List<LatestReading> Latest(Transaction tx, IReadOnlyCollection<string> names)
    {
        // On PostgreSQL the last partitions first, so that those of years are not asked in vain; on SQLite all is one table. What is archived is older.
        var last = tx.Now - TimeSpan.FromDays(8);
        var recent = QuestionStore.Latest(tx, names, tx.Dialect == Dialect.Postgres ? last : Bounds.ToInstant(Bounds.First)).DistinctBy(r => r.Name).ToDictionary(r => r.Name, StringComparer.Ordinal);
        var older = recent.Values.Where(r => !(r.At >= last)).Select(r => r.Name).ToList();
        if (older.Count > 0 && tx.Dialect == Dialect.Postgres)
        {
            foreach (var found in QuestionStore.LatestOlder(tx, older))
            {
                recent[found.Name] = found;
            }

            // Samples that were taken away since their day was rolled up.
            foreach (var found in older.Where(n => recent[n].At is null).ToList() is { Count: > 0 } none ? QuestionStore.Latest(tx, none, Bounds.ToInstant(Bounds.First)) : [])
            {
                recent[found.Name] = found;
            }
        }

        if (older.Count > 0 && tx is SqliteWork work && ArchiveStore.IsAny(work))
        {
            foreach (var name in older)
            {
                recent[name] = LatestArchived(tx, recent[name]);
            }
        }

        return [.. names.Distinct(StringComparer.Ordinal).Select(recent.GetValueOrDefault).OfType<LatestReading>()];
    }

    /// <summary>Names of the series that begin with a text, at most <paramref name="limit"/>.</summary>
    public static List<string> Names(Transaction tx, string prefix, int limit) => QuestionStore.Names(tx, prefix, limit);

    // What is archived may be newer than a plain sample that came late.
    private static LatestReading LatestArchived(Transaction tx, LatestReading plain)
    {
        var newest = QuestionStore.Shapes(tx, plain.Name).SelectMany(s => SampleArchive.Readings(tx, s, new Span((plain.At?.Micros ?? Bounds.First) + 1, Bounds.Last), 1, isBackwards: true)).OrderByDescending(r => r.Point.At).ToList();
        return newest.Count == 0 ? plain : new LatestReading { Name = plain.Name, Unit = plain.Unit, Kind = plain.Kind, At = new Instant(newest[0].Point.At), Value = newest[0].Point.Value, StoredQuality = newest[0].Quality };
    }

    private static SeriesAnswer Answer(Transaction tx, SeriesRow series, List<Planned> planned, Tier step, Span span, long present, SeriesQuestion question, SiteCalendar calendar)
    {
        return new SeriesAnswer
        {
            Series = series, Step = step, TimeZone = calendar.Zone, From = step == Tier.Raw ? question.From : new Instant(span.From), To = step == Tier.Raw ? question.To : new Instant(span.Until),
            Expected = Expected(planned, span, tx.Now.Micros), Present = present,
        };
    }

    // What was planned of each source that the series had, or how many readings find room in the days of which it has any.
    private List<Planned> PlannedOf(Transaction tx, List<SeriesShape> shapes, Span span, SiteCalendar site)
    {
        var until = Math.Min(span.Until, tx.Now.Micros);
        var planned = new List<Planned>();
        foreach (var shape in until > span.From ? shapes.DistinctBy(s => s.SourceId) : [])
        {
            var periods = options.Schedule?.Find(tx, shape.SourceId, Bounds.ToInstant(span.From), Bounds.ToInstant(until));
            planned.Add(Planned.Of(periods, shape.IntervalUs, periods is null && shape.IntervalUs is not null ? QuestionStore.Extent(tx, shape, site) : null));
        }

        return planned;
    }

    // Plans that ended are let go of before buckets are: of a bucket that they do not reach back to, what was known when it was rolled up.
    private static int? Expected(List<Planned> planned, Span bucket, long now, int? stored)
    {
        var expected = Expected(planned, bucket, now) is { } known ? (int)Math.Min(int.MaxValue, known) : default(int?);
        return stored is { } then && bucket.Until <= now && !planned.Exists(p => p.Reaches(bucket.From)) ? Math.Max(then, expected ?? 0) : expected;
    }

    private static long? Expected(List<Planned> planned, Span span, long now)
    {
        var past = span with { Until = Math.Min(span.Until, now) };
        var expected = default(long?);
        foreach (var one in planned)
        {
            expected = one.Count(past) is { } count ? (expected ?? 0) + count : expected;
        }

        return expected;
    }

    // The finest step that gives no more than about so many points, and of which nothing was let go of in this time.
    private static Tier Choose(Transaction tx, List<SeriesShape> shapes, Span asked, int points, KeptFrom kept)
    {
        if (Whole(kept, shapes, Tier.Raw) <= asked.From && shapes.TrueForAll(s => SampleStore.Nth(tx, s.SourceId, asked, points) is null))
        {
            return Tier.Raw;
        }

        var length = new TimeSpan((asked.Until - asked.From) * 10);
        return Enum.GetValues<Tier>().FirstOrDefault(t => t != Tier.Raw && t != Tier.Week && length / t.Length() <= points * 1.05 && Whole(kept, shapes, t) <= asked.From, Tier.Year);
    }

    // Quarters of what files brought are made of samples.
    private static long Whole(KeptFrom kept, List<SeriesShape> shapes, Tier step) =>
        shapes.Select(s => kept.Of(s.Class, s.Class == SeriesClass.Imported && step == Tier.Quarter ? Tier.Raw : step)).DefaultIfEmpty(Bounds.First).Max();

    private List<Parts> Parts(Transaction tx, SeriesShape shape, Tier step, Span span, SiteCalendar calendar, SiteCalendar site, ref bool isPending)
    {
        if (SourceStore.Find(tx, shape.SourceId) is not { } source)
        {
            return [];
        }

        var work = new RollupWork(tx, source, [shape], site, options.Schedule);
        var isOwn = calendar.IsSame(site) || step == Tier.Quarter;
        if (isOwn && step >= source.Finest)
        {
            isPending |= Catch(tx, work, source, site);
            return work.Read(shape.Id, step, span);
        }

        if (source.Finest == Tier.Quarter)
        {
            isPending |= Catch(tx, work, source, site);
            return Regroup(work.Read(shape.Id, Tier.Quarter, span), step, calendar);
        }

        return OfSamples(tx, source, shape, step, span, calendar, site);
    }

    /// <summary>Computes what is still to be rolled up, when it is little; true when it is not.</summary>
    private static bool Catch(Transaction tx, RollupWork work, SourceRow source, SiteCalendar site)
    {
        var marks = RollupMarks.See(tx, source.Id, MostPendingDays);
        var changed = marks.Select(m => new Span(m.FromAt.Micros, m.ToAt.Micros + 1)).ToList();
        var isRest = false;
        if (source.IsOrdered && RollupStep.Fresh(tx, source, MostPendingSamples, out isRest) is { } fresh)
        {
            changed.Add(fresh);
        }

        changed = Span.Join(changed, site, source.Finest);
        if (isRest || marks.Count == MostPendingDays || SampleStore.Counts(tx, source.Id, changed, MostPendingSamples + 1).Sum(c => (long)c) > MostPendingSamples)
        {
            return true;
        }

        if (changed.Count > 0)
        {
            work.Compute(changed);
        }

        return false;
    }

    private static List<Parts> Regroup(List<Parts> quarters, Tier step, SiteCalendar calendar)
    {
        var rows = new List<Parts>();
        var bucket = default(Span);
        foreach (var quarter in quarters)
        {
            if (!bucket.Holds(quarter.At))
            {
                bucket = calendar.Bucket(step, quarter.At);
                rows.Add(new Parts { At = bucket.From });
            }

            rows[^1].Add(quarter);
            rows[^1].Expected = rows[^1].Expected is { } sum ? sum + (quarter.Expected ?? 0) : quarter.Expected;
        }

        return rows;
    }

    private List<Parts> OfSamples(Transaction tx, SourceRow source, SeriesShape shape, Tier step, Span span, SiteCalendar calendar, SiteCalendar site)
    {
        if (SampleStore.Nth(tx, source.Id, span, MostSamples) is not null)
        {
            throw new QuestionRefused($"{step.Word()} in {calendar.Zone} has to be worked out of samples, and there are more than {MostSamples} of them; ask for less, or in the site's zone {site.Zone}");
        }

        var planned = new Planned(options.Schedule?.Find(tx, source.Id, Bounds.ToInstant(span.From), Bounds.ToInstant(span.Until)));
        return new SeriesFold(shape, calendar, step, planned).Of(span, SampleStore.Range(tx, source.Id, span), new Neighbours(tx, source, site, []));
    }
}
