using System.Globalization;

namespace Rondo.Tests.Support;

/// <summary>Where a random test begins: <c>RONDO_SEED</c> when it is set, so that a failure can be had again; otherwise anywhere.</summary>
public static class Seed
{
    public static int Next() => int.TryParse(Environment.GetEnvironmentVariable("RONDO_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next();
}
