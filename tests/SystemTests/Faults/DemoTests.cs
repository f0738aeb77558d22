using System.Text.Json;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>The first thing a new user runs.</summary>
public sealed class DemoTests(ITestOutputHelper output)
{
    [Fact]
    public async Task The_demo_ends_by_itself_with_every_expected_slot_recorded_once()
    {
        var (code, lines, errors) = await RondoProcess.RunAsync("demo", "--seconds", "5", "--json");
        Assert.True(code == 0, errors);
        var last = lines.Split('\n')[^1];
        output.WriteLine(last);
        var summary = JsonDocument.Parse(last).RootElement;
        Assert.True(summary.GetProperty("expected").GetInt64() > 0);
        Assert.Equal(summary.GetProperty("expected").GetInt64(), summary.GetProperty("recorded").GetInt64());
        Assert.Equal(0, summary.GetProperty("duplicates").GetInt64());
        Assert.True(summary.GetProperty("ok").GetInt64() > 0);
        foreach (var name in new[] { "partial", "failed", "missed", "lateness_p50_ms", "lateness_p99_ms" })
        {
            Assert.Equal(JsonValueKind.Number, summary.GetProperty(name).ValueKind);
        }
    }
}
