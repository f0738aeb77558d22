using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Rondo.Jobs.Schedules;

namespace Rondo.Jobs;

/// <summary>
/// What becomes of ticks that no node could enqueue in time. When several are due at once, all but the newest ones are skipped as missed, whatever the policy:
/// how many of the newest are enqueued, and how late they may be, is the policy.
/// </summary>
public sealed record MissedPolicy
{
    private static readonly TimeSpan _inTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _longest = TimeSpan.FromDays(366);

    private MissedPolicy(string text, int most, TimeSpan latest) => (Text, Most, Latest) = (text, most, latest);

    /// <summary>The most ticks that <see cref="All"/> enqueues at once.</summary>
    public const int MostAtOnce = 500;

    /// <summary>Missed ticks are skipped; one that is at most a minute late, and the newest, is not missed. <c>skip</c>.</summary>
    public static MissedPolicy Skip { get; } = new("skip", 1, _inTime);

    /// <summary>The newest missed tick is enqueued, however late. The default. <c>once</c>.</summary>
    public static MissedPolicy Once { get; } = new("once", 1, TimeSpan.MaxValue);

    /// <summary>As it is written: <c>skip</c>, <c>once</c>, <c>all:20</c>, <c>within:10m</c>.</summary>
    public string Text { get; }

    /// <summary>So many of the newest ticks are enqueued.</summary>
    internal int Most { get; }

    /// <summary>Unless they are later than this.</summary>
    internal TimeSpan Latest { get; }

    /// <summary>The newest <paramref name="most"/> missed ticks are enqueued, oldest first. <c>all:N</c>.</summary>
    /// <param name="most">1 to <see cref="MostAtOnce"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not such a number.</exception>
    public static MissedPolicy All(int most) => most is >= 1 and <= MostAtOnce
        ? new(string.Create(CultureInfo.InvariantCulture, $"all:{most}"), most, TimeSpan.MaxValue)
        : throw new ArgumentOutOfRangeException(nameof(most), most, $"expected 1 to {MostAtOnce}");

    /// <summary>The newest missed tick is enqueued when it is at most <paramref name="grace"/> late. <c>within:GRACE</c>.</summary>
    /// <param name="grace">Whole seconds, from one to 366 days.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not such a time.</exception>
    public static MissedPolicy Within(TimeSpan grace) => IsGrace(grace)
        ? new("within:" + IntervalText.Show(grace), 1, grace)
        : throw new ArgumentOutOfRangeException(nameof(grace), grace, "expected whole seconds, from 1s to 366d");

    /// <summary>Reads what <see cref="Text"/> writes.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out MissedPolicy? policy)
    {
        var (word, rest) = text.IndexOf(':', StringComparison.Ordinal) is var at and > 0 ? (text[..at], text[(at + 1)..]) : (text, "");
        policy = word switch
        {
            "skip" when rest.Length == 0 => Skip,
            "once" when rest.Length == 0 => Once,
            "all" when int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most is >= 1 and <= MostAtOnce => All(most),
            "within" when IntervalText.TryParse(rest, out var grace) && IsGrace(grace) => Within(grace),
            _ => null,
        };
        return policy is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static bool IsGrace(TimeSpan grace) => grace > TimeSpan.Zero && grace <= _longest && grace.Ticks % TimeSpan.TicksPerSecond == 0;
}
