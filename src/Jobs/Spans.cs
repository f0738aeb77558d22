namespace Rondo.Jobs;

/// <summary>Of two lengths of time the one or the other.</summary>
internal static class Spans
{
    public static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    public static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
