using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Rondo.Bench;

/// <summary>The system test of several nodes under random faults, in its long form: what it proves is proved there, here it is given its time and its result is kept.</summary>
internal static class ChaosBench
{
    public static async Task<int> RunAsync(Settings settings)
    {
        var file = Path.Combine(settings.Folder, "result.json");
        var tests = Environment.GetEnvironmentVariable("RONDO_BENCH_TESTS") is { Length: > 0 } named ? named : throw new BenchFault("this program is started by bench/run");
        var start = new ProcessStartInfo(tests, ["-noColor", "-noLogo", "-showLiveOutput", "-method", "*ClusterChaosTests*"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            Environment =
            {
                ["RONDO_CHAOS_MINUTES"] = settings.Minutes.ToString(CultureInfo.InvariantCulture),
                ["RONDO_CHAOS_SEED"] = settings.Seed?.ToString(CultureInfo.InvariantCulture),
                ["RONDO_CHAOS_RESULT"] = file,
                ["RONDO_TEST_STRICT"] = "1",
            },
        };
        using var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            await Console.Error.WriteLineAsync(line);
        }

        await process.WaitForExitAsync();
        if (!File.Exists(file))
        {
            throw new BenchFault($"the test ended with {process.ExitCode} and without a result; its own words are above");
        }

        var result = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject();
        result["commit"] = Report.Commit;
        if (process.ExitCode != 0)
        {
            Report.Say("the proof failed; why is said above");
            Console.WriteLine(Report.Line(result));
            return 1;
        }

        Report.Finish("cluster-chaos", settings, result);
        return 0;
    }
}
