namespace Rondo.Tests.Support;

/// <summary>Random tests: the seed is RONDO_SEED when that is set, and a failure names it.</summary>
internal static class Seeded
{
    public static async Task RunAsync(Func<Random, Task> test)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("RONDO_SEED"), out var given) ? given : Random.Shared.Next();
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
