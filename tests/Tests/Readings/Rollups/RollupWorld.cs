using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Tests.Readings.Rollups;

/// <summary>What a random run wrote, kept beside the database, and what it does next.</summary>
internal sealed class RollupWorld(RollupRig rig, Random random, DateTime from, DateTime until, bool isPolled, double? modulus)
{
    private readonly SortedDictionary<DateTime, (double?[] Values, string? Flags)> _samples = [];
    private TimeSpan _polled;
    private double _counter;

    private DateTime PolledTo => from + _polled;

    public Task StepAsync() => random.Next(10) switch
    {
        < 4 => AppendAsync(),
        4 => LateAsync(),
        5 => CorrectAsync(),
        6 => RemoveAsync(),
        7 => rig.RunAsync(isAll: true, random.Next(1, 60), random.Next(1, 4)),
        8 => rig.RunAsync(isAll: false, random.Next(1, 60), random.Next(1, 4)),
        _ => rig.RunAsync(isAll: true),
    };

    public async Task CompareAsync(string zone)
    {
        for (var series = 1; series <= RollupRig.Names.Length; series++)
        {
            var readings = _samples.Where(s => s.Value.Values[series - 1] is not null)
                .Select(s => new OracleReading(s.Key, s.Value.Values[series - 1]!.Value, s.Value.Flags is { } flags && flags[series - 1] == 's')).ToList();
            foreach (var tier in RollupOracle.Tiers.Where(t => isPolled || t != "15m"))
            {
                var hole = TimeSpan.FromTicks(Math.Max(TimeSpan.FromMinutes(1).Ticks, rig.Interval.Ticks / 2 * 3));
                var expected = RollupOracle.Buckets(tier, zone, readings, series == 2, modulus, hole);
                Assert.True(Tiers.TryParse(tier, out var known));
                var found = await rig.ReadAsync(series, known);
                Assert.Equal(
                    expected.Select(b => Text(tier, b.Start, b.Count, b.Suspect, b.Sum, b.Min, b.Max, b.First, b.Last, b.Delta, b.Unallocated)),
                    found.Select(p => Text(tier, new Instant(p.At).ToDateTime(), p.Readings, p.Suspect, p.Total, p.Low, p.High, p.First, p.Last, p.Delta, p.Unallocated)));
            }
        }
    }

    private static string Text(string tier, DateTime at, int count, int suspect, decimal? sum, double min, double max, double first, double last, decimal? delta, decimal? unallocated) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{tier} {at:O} n={count} s={suspect} sum={sum:0.##########} {min:R}..{max:R} {first:R}->{last:R} d={delta:0.##########} u={unallocated:0.##########}");

    /// <summary>What a poller does: later and later ones, now and then a hole.</summary>
    private Task AppendAsync() => WriteAsync(isMarked: !isPolled, put =>
    {
        var count = random.Next(1, 80);
        for (var n = 0; n < count && PolledTo < until; n++)
        {
            _polled += random.Next(15) == 0 ? rig.Interval * random.Next(2, 60) : rig.Interval;
            put(PolledTo, Values());
        }
    });

    private Task LateAsync() => WriteAsync(isMarked: true, put =>
    {
        // A poller's own are all later than what it wrote, so nobody else's may be.
        var at = from + (((isPolled ? PolledTo : until) - from) * random.NextDouble());
        at = new DateTime(at.Ticks - (at.Ticks % TimeSpan.TicksPerMinute), DateTimeKind.Utc);
        for (var n = random.Next(1, 10); n > 0 && (!isPolled || at <= PolledTo); n--, at += TimeSpan.FromMinutes(random.Next(1, 200)))
        {
            put(at, Values());
        }
    });

    private Task CorrectAsync() => WriteAsync(isMarked: true, put =>
    {
        foreach (var at in _samples.Keys.Where(_ => random.Next(20) == 0).Take(5).ToList())
        {
            put(at, Values());
        }
    });

    private async Task RemoveAsync()
    {
        if (_samples.Count == 0)
        {
            return;
        }

        var first = _samples.Keys.ElementAt(random.Next(_samples.Count));
        var last = first + TimeSpan.FromMinutes(random.Next(600));
        foreach (var at in _samples.Keys.Where(k => k >= first && k <= last).ToList())
        {
            _samples.Remove(at);
        }

        await rig.Store.Database.WriteAsync("remove", tx =>
        {
            RollupRig.Remove(tx, first, last);
            RollupRig.Mark(tx, first, last);
        });
    }

    private Task WriteAsync(bool isMarked, Action<Action<DateTime, (double?[] Values, string? Flags)>> fill)
    {
        var wanted = new SortedDictionary<DateTime, (double?[] Values, string? Flags)>();
        fill((at, sample) => wanted[at] = sample);
        return rig.Store.Database.WriteAsync("write", tx =>
        {
            foreach (var (at, (values, flags)) in wanted)
            {
                _samples[at] = (values, flags);
                RollupRig.Put(tx, at, values, flags);
                if (isMarked)
                {
                    RollupRig.Mark(tx, at, at);
                }
            }
        });
    }

    private (double?[] Values, string? Flags) Values()
    {
        _counter = random.Next(40) switch
        {
            0 => 0,
            1 => _counter / 2,
            _ => Math.Round(_counter + (random.NextDouble() * 5), 3),
        };
        if (_counter >= modulus)
        {
            _counter = Math.Round(_counter - modulus.Value, 3);
        }

        // A slip is read once and is not what the counter has.
        var shown = random.Next(30) == 0 ? Math.Round(_counter / 3, 3) : _counter;
        double?[] values = [Math.Round((random.NextDouble() * 2_000) - 1_000, 4), shown, Math.Round(random.NextDouble() * 3, 3), random.Next(4)];
        for (var n = 0; n < values.Length; n++)
        {
            values[n] = random.Next(n == 1 ? 4 : 12) == 0 ? null : values[n];
        }

        return (values, random.Next(6) == 0 ? new string([.. values.Select(_ => random.Next(2) == 0 ? 's' : '.')]) : null);
    }
}
