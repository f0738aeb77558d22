using System.Globalization;

namespace Rondo.Tests.Support;

/// <summary>Where a random test begins: <c>RONDO_SEED</c> when it is set, so that a failure can be had again; otherwise anywhere.</summary>
public static class Seed
{
    public static int Next() => int.TryParse(Environment.GetEnvironmentVariable("RONDO_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next();

    /// <summary>Runs a random test; a failure names its seed.</summary>
    public static async Task RunAsync(Func<Random, Task> test)
    {
        var seed = Next();
        try
        {
            await test(new Random(seed));
        }
        catch (Exception failure) when (!failure.Message.StartsWith("$XunitDynamicSkip$", StringComparison.Ordinal))
        {
            Assert.Fail($"RONDO_SEED={seed} shows this again: {failure}");
        }
    }
}
