using System.Globalization;
using Rondo.Readings;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Rollups;

/// <summary>A database with one source of four series (a gauge, a counter, interval energy, a state), and what writes samples into it: a poller in order, others with marks.</summary>
internal sealed class RollupRig : IAsyncDisposable, ISourceSchedule
{
    public const long Source = 1;
    public static readonly string[] Names = ["m/gauge", "m/counter", "m/energy", "m/state"];
    private static readonly string[] _kinds = ["gauge", "counter", "energy", "state"];

    private RollupRig(TestStore store, FakeTime time, RollupOptions options, TimeSpan interval) => (Store, Time, Options, Interval) = (store, time, options with { Schedules = [this] }, interval);

    public TestStore Store { get; }

    public FakeTime Time { get; }

    public RollupOptions Options { get; }

    public TimeSpan Interval { get; }

    /// <summary>What was planned, where it is not the interval all the time.</summary>
    public IReadOnlyList<PlannedPeriod>? Periods { get; set; }

    /// <summary>Why it cannot be told what was planned of a source.</summary>
    public Func<long, StorageFault?>? Fault { get; set; }

    public SiteCalendar Calendar { get; private set; } = SiteCalendar.Utc;

    public static async Task<RollupRig> CreateAsync(DatabaseKind kind, DateTime from, DateTime until, string zone = "UTC", TimeSpan? interval = null, bool isPolled = true, double? modulus = null, RollupOptions? options = null)
    {
        var time = new FakeTime();
        var store = await TestStore.CreateAsync(kind, time);
        var rig = new RollupRig(store, time, options ?? new RollupOptions(), interval ?? TimeSpan.FromMinutes(7));
        if (!isPolled)
        {
            // Whatever else than a poller will have sources: its kind may not be known to the schema yet.
            await store.ExecuteAsync(kind == DatabaseKind.Sqlite ? "pragma ignore_check_constraints = 1" : "alter table source drop constraint source_kind_check");
        }

        await SiteZone.ChangeAsync(store.Database, zone, TestContext.Current.CancellationToken);
        rig.Calendar = SiteCalendar.Find(zone)!;
        await store.Database.WriteLongAsync("prepare", tx =>
        {
            if (kind == DatabaseKind.Postgres)
            {
                Partitions.Ensure(tx, "sample", TimeSpan.FromDays(7), Instant.From(from) - TimeSpan.FromDays(8), Instant.From(until) + TimeSpan.FromDays(8));
            }

            SeriesStore.AddSources(tx, [(Source, "m/main")], Instant.From(from));
            SeriesStore.AddSeries(tx, [.. Names.Select((name, n) => new NewSeries(n + 1, Source, n, name, "kWh", _kinds[n]))]);
            tx.Execute(new Sql("test", "update series set modulus = @modulus where kind = 'counter'"), new { modulus });
            if (!isPolled)
            {
                tx.Execute(new Sql("test", "update source set kind = 'something_else'"));
            }

            return 0;
        });
        return rig;
    }

    public IReadOnlyList<PlannedPeriod>? Find(Transaction tx, long source, Instant from, Instant until) =>
        Fault?.Invoke(source) is { } fault ? throw fault : Periods ?? [new(Instant.Epoch, null, Interval.Ticks / 10, 0)];

    /// <summary>Stores a sample, in the place of what is there.</summary>
    public static void Put(Transaction tx, DateTime at, double?[] values, string? flags = null)
    {
        var text = string.Join(',', values.Select(v => v is { } known ? known.ToString("R", CultureInfo.InvariantCulture) : "null"));
        tx.Execute(
            new Sql("test.put", $"insert into sample (source_id, at, vals, flags) values (1, @at, {(tx.Dialect == Dialect.Sqlite ? $"'[{text}]'" : $"array[{text}]::float8[]")}, @flags) on conflict (source_id, at) do update set vals = excluded.vals, flags = excluded.flags"),
            new { at = Instant.From(at), flags });
    }

    public static void Remove(Transaction tx, DateTime from, DateTime to) =>
        tx.Execute(new Sql("test.remove", "delete from sample where source_id = 1 and at >= @from and at <= @to"), new { from = Instant.From(from), to = Instant.From(to) });

    public static void Mark(Transaction tx, DateTime from, DateTime to) => RollupMarks.Add(tx, [new RollupMark(Source, Instant.From(from), Instant.From(to))]);

    /// <summary>Writes a sample and marks it.</summary>
    public Task PutAsync(DateTime at, params double?[] values) => Store.Database.WriteAsync("put", tx =>
    {
        Put(tx, at, values);
        Mark(tx, at, at);
    });

    public Task<RollupPass> RunAsync(bool isAll = true, int? samples = null, int? days = null) =>
        new RollupRunner(Store.Database, Options with { MostSamples = samples ?? Options.MostSamples, MostDays = days ?? Options.MostDays }).RunAsync(isAll, null, TestContext.Current.CancellationToken);

    public Task<List<Parts>> ReadAsync(int series, Tier tier) => Store.Database.ReadAsync("read", tx => RollupStore.Read(tx, series, tier, new Span(Bounds.First, Bounds.Last)));

    /// <summary>Every bucket of every series and tier as a line of text, for comparing databases.</summary>
    public async Task<List<string>> DumpAsync()
    {
        var lines = new List<string>();
        for (var series = 1; series <= Names.Length; series++)
        {
            foreach (var tier in Enum.GetValues<Tier>().Where(t => t != Tier.Raw))
            {
                lines.AddRange((await ReadAsync(series, tier)).Select(p => $"{series} {tier.Word()} {Line(p)}"));
            }
        }

        return lines;
    }

    public static string Line(Parts p) => string.Create(
        CultureInfo.InvariantCulture,
        $"{new Instant(p.At)} n={p.Readings}/{p.Expected} s={p.Suspect} sum={p.Total:0.##########} {p.Low:R}..{p.High:R} {p.First:R}->{p.Last:R} d={p.Delta:0.##########} u={p.Unallocated:0.##########}");

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
