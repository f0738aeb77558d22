using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>Hints make it faster; without them it is obeyed as well.</summary>
public sealed class HintTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task With_hints_and_without_a_server_obeys_a_command_within_2_s(string hints)
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Postgres, 2);
        site.ServerVariables["RONDO_HINTS"] = hints;
        await site.PrepareAsync(site.DeviceFile());
        await site.StartServerAsync();
        foreach (var verb in new[] { "stop", "start", "stop" })
        {
            output.WriteLine($"hints {hints}, polling {verb}: {await site.ObeysAsync(verb):0} ms");
        }

        await site.StopServerAsync();
    }
}
