namespace Rondo.Loops;

/// <summary>A hash that is the same in every process and version (string.GetHashCode is not): phases of poll groups are stored by it.</summary>
public static class StableHash
{
    /// <summary>FNV-1a over the UTF-16 units, finished with a mixing step so that near names do not get near hashes.</summary>
    public static ulong Of(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdUL;
        hash ^= hash >> 33;
        return hash;
    }
}
