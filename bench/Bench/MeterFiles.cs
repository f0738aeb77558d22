using System.Globalization;
using System.Text;

namespace Rondo.Bench;

/// <summary>Files of half-hourly readings as head-ends export them: day after day all meters, values with three decimals. Always the same for the same size.</summary>
internal static class MeterFiles
{
    public const int Meters = 1_000;
    public const int PerDay = 48;
    private static readonly DateTime _first = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static string Meter(int number) => string.Create(CultureInfo.InvariantCulture, $"M{number:00000}");

    /// <summary>Days of all meters that hold at least so many values.</summary>
    public static int DaysFor(long values) => (int)Math.Max(1, (values + (Meters * PerDay) - 1) / (Meters * PerDay));

    /// <summary>One reading a row. Returns how many.</summary>
    public static long WriteLong(string path, int days)
    {
        using var to = Open(path);
        to.Write("meter,timestamp,value\n");
        var (chance, line) = (new Chance(1), new char[64]);
        foreach (var (day, meter) in DaysAndMeters(days))
        {
            for (var n = 0; n < PerDay; n++)
            {
                line.AsSpan().TryWrite(CultureInfo.InvariantCulture, $"M{meter:00000},{day.AddMinutes(30 * n):yyyy-MM-ddTHH:mm:ss}Z,{chance.Next()}\n", out var length);
                to.Write(line, 0, length);
            }
        }

        return (long)days * Meters * PerDay;
    }

    /// <summary>One row a meter and day, 48 values by position. The values are those of <see cref="WriteLong"/>.</summary>
    public static long WriteWide(string path, int days)
    {
        using var to = Open(path);
        to.Write("meter,date");
        for (var n = 1; n <= PerDay; n++)
        {
            to.Write(string.Create(CultureInfo.InvariantCulture, $",hh{n}"));
        }

        to.Write('\n');
        var chance = new Chance(1);
        foreach (var (day, meter) in DaysAndMeters(days))
        {
            to.Write(string.Create(CultureInfo.InvariantCulture, $"M{meter:00000},{day:yyyy-MM-dd}"));
            for (var n = 0; n < PerDay; n++)
            {
                to.Write(',');
                to.Write(chance.Next().ToString(CultureInfo.InvariantCulture));
            }

            to.Write('\n');
        }

        return (long)days * Meters * PerDay;
    }

    private static StreamWriter Open(string path) => new(path, new UTF8Encoding(false), new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 1 << 20 }) { NewLine = "\n" };

    private static IEnumerable<(DateTime Day, int Meter)> DaysAndMeters(int days)
    {
        for (var day = 0; day < days; day++)
        {
            for (var meter = 0; meter < Meters; meter++)
            {
                yield return (_first.AddDays(day), meter);
            }
        }
    }

    // 0 to 4 kWh.
    private sealed class Chance(uint seed)
    {
        private uint _state = seed;

        public decimal Next()
        {
            _state = (_state * 1_664_525) + 1_013_904_223;
            return new decimal((int)(_state >> 20), 0, 0, false, 3);
        }
    }
}
