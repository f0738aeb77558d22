namespace Rondo.Simulators.Modbus;

/// <summary>A gateway's source of chance: seeded, and safe to use from its connections at once. The generator is made when it is first needed.</summary>
internal sealed class Dice(int seed)
{
    private readonly Lock _lock = new();
    private Random? _random;

    public double Next()
    {
        lock (_lock)
        {
            return (_random ??= new Random(seed)).NextDouble();
        }
    }

    public bool Hit(double probability) => probability >= 1 || (probability > 0 && Next() < probability);

    public void Fill(Span<byte> bytes)
    {
        lock (_lock)
        {
            (_random ??= new Random(seed)).NextBytes(bytes);
        }
    }
}
