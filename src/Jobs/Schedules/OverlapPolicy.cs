namespace Rondo.Jobs;

/// <summary>What becomes of a tick that is due while a job of an earlier tick has not ended (it runs, or waits to).</summary>
public enum OverlapPolicy
{
    /// <summary>The tick is skipped. The default.</summary>
    Skip,

    /// <summary>It is enqueued all the same.</summary>
    Allow,

    /// <summary>It waits until the earlier ones have ended, in order; when 100 wait already it is skipped.</summary>
    Queue,

    /// <summary>The earlier job is cancelled, and the tick is enqueued when that has ended. One that waits for this gives way to a newer one.</summary>
    Cancel,
}

/// <summary>The words of <see cref="OverlapPolicy"/>.</summary>
public static class OverlapPolicies
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Words { get; } = ["skip", "allow", "queue", "cancel"];

    /// <summary>As it is stored and shown.</summary>
    public static string Text(this OverlapPolicy policy) => Words[(int)policy];

    /// <summary>Reads a word; false for anything that is not one.</summary>
    public static bool TryParse(string? text, out OverlapPolicy policy)
    {
        for (var n = 0; n < Words.Count; n++)
        {
            if (Words[n] == text)
            {
                policy = (OverlapPolicy)n;
                return true;
            }
        }

        policy = default;
        return false;
    }
}
