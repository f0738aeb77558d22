namespace Rondo.Loops;

/// <summary>The source of chance of one process: seeded once, and every user draws from an own stream, so that a run can be repeated.</summary>
/// <param name="seed">Seed of the process; tests fix it, the host draws it.</param>
public sealed class Chance(int seed)
{
    /// <summary>An own stream for <paramref name="name"/>; the same seed and name give the same numbers.</summary>
    public Random For(string name) => new(unchecked(seed ^ (int)StableHash.Of(name)));
}
