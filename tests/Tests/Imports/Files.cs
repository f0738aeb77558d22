using System.Text;
using Rondo.Imports.Files;
using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>What a file gives, read by a profile.</summary>
internal sealed record FileRead(IReadOnlyList<Interval> Intervals, IReadOnlyList<Reject> Rejects, long Missing, IReadOnlyList<string> Warnings)
{
    /// <summary>Start and value of each interval: <c>2024-03-31T00:30:00Z=2</c>.</summary>
    public IEnumerable<string> Lines => Intervals.Select(i => $"{new Rondo.Storage.Instant(i.StartS * 1_000_000)}={i.Value}");

    public IEnumerable<string> Starts => Intervals.Select(i => new Rondo.Storage.Instant(i.StartS * 1_000_000).ToString());

    public IEnumerable<string> Reasons => Rejects.Select(r => $"{r.Line} {r.Field} {r.Value} {r.Reason}");
}

/// <summary>Files and profiles of these tests.</summary>
internal static class Files
{
    public static Profile Shipped(string name) => new ProfileCatalogue().Find(name);

    /// <summary>A shipped profile with some lines of its own.</summary>
    public static Profile Changed(string name, params string[] lines)
    {
        var kept = Shipped(name).Text.Split('\n').Where(l => !lines.Any(n => n.Split(':')[0] == l.Split(':')[0]));
        return ProfileReader.Read(string.Join('\n', kept.Concat(lines)), "test");
    }

    public static FileRead Read(Profile profile, string text) => Read(profile, Encoding.UTF8.GetBytes(text));

    public static FileRead Read(Profile profile, byte[] bytes, long most = 100_000_000)
    {
        using var folder = new TempFolder();
        var path = folder.At("file");
        File.WriteAllBytes(path, bytes);
        using var file = MeterFile.Open(path, profile, most);
        var reader = FormatReader.Open(file, profile);
        var batch = new Batch();
        while (reader.Read(batch))
        {
            // To its end.
        }

        return new FileRead(batch.Intervals, batch.Rejects, batch.Missing, reader.Warnings);
    }

    /// <summary>A long file of half hours from an instant on, of several meters, all rows of a meter together; value n is n / 10.</summary>
    public static string Long(int meters, int values, string from = "2026-01-01T00:00:00Z", int plus = 0)
    {
        Assert.True(Rondo.Storage.Instant.TryParse(from, out var first));
        var text = new StringBuilder("meter,timestamp,value\n");
        for (var meter = 1; meter <= meters; meter++)
        {
            for (var i = 0; i < values; i++)
            {
                text.Append($"M{meter},{first + TimeSpan.FromMinutes(30 * i)},{(i + plus) / 10m}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>A wide row.</summary>
    public static string WideRow(string meter, string date, IEnumerable<string> values) => $"{meter},{date},{string.Join(',', values)}\n";

    /// <summary>1, 2, 3 …</summary>
    public static IEnumerable<string> Count(int count) => Enumerable.Range(1, count).Select(i => $"{i}");

    /// <summary>The header of a wide file of so many periods.</summary>
    public static string WideHeader(int periods) => "MPAN,Date," + string.Join(',', Enumerable.Range(1, periods).Select(i => $"HH{i}")) + "\n";
}
