using System.Text;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>What a broken or hostile client might send: good messages with some of their bytes changed, cut off, doubled or replaced by anything.</summary>
internal static class Garbled
{
    private const int MostChanges = 3;
    private const int LongestNonsense = 63;

    /// <summary>So many of them, made from each seed in turn; some are left as they were.</summary>
    public static IEnumerable<byte[]> Messages(int count, params string[] seeds)
    {
        var random = new Random(Seed.Next());
        for (var n = 0; n < count; n++)
        {
            var bytes = Encoding.UTF8.GetBytes(seeds[n % seeds.Length]);
            for (var change = random.Next(MostChanges + 1); change > 0; change--)
            {
                bytes = Change(random, bytes);
            }

            yield return bytes;
        }
    }

    private static byte[] Change(Random random, byte[] bytes)
    {
        switch (random.Next(4))
        {
            case 0:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
            case 1:
                return bytes[..random.Next(1, bytes.Length + 1)];
            case 2:
                return [.. bytes, .. bytes[..random.Next(bytes.Length)]];
            default:
                var nonsense = new byte[random.Next(1, LongestNonsense + 1)];
                random.NextBytes(nonsense);
                return nonsense;
        }
    }
}
