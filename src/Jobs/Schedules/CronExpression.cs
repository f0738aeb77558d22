using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Instant = Rondo.Storage.Instant;

namespace Rondo.Jobs.Schedules;

/// <summary>
/// When something recurs, in the words of cron: <c>minute hour day-of-month month day-of-week</c>, with seconds first when there are six fields.
/// Immutable.
/// </summary>
/// <remarks>
/// <para>
/// Every field takes <c>*</c>, values, ranges (<c>8-17</c>; those that end before they begin wrap: <c>22-2</c>, <c>FRI-MON</c>), steps
/// (<c>*/5</c>, <c>10-40/5</c>, <c>7/10</c>: from 7 to the end) and lists of these. Months have names (<c>JAN</c> to <c>DEC</c>), so have days
/// (<c>SUN</c> to <c>SAT</c>; 0 and 7 are Sunday). Day of month also takes <c>L</c> (the last day), <c>LW</c> (the last weekday) and <c>15W</c> (the
/// weekday nearest to the 15th, in its month); day of week takes <c>5#2</c> (the second Friday) and <c>5L</c> (the last one); both take <c>?</c>
/// for <c>*</c>. Macros: <c>@hourly @daily @midnight @weekly @monthly @yearly @annually</c>.
/// </para>
/// <para>
/// When both day fields are restricted a day needs to fit only one of them. A field with a star (<c>*/2</c> too) is not restricted in this sense:
/// then a day has to fit both.
/// </para>
/// <para>
/// When clocks change, it depends on whether the expression means times or an interval. It means an interval when its hour field runs over the whole
/// day, with a step or without (<see cref="IsIntervalLike"/>).
/// </para>
/// <list type="table">
/// <listheader><term>clocks</term><description>times (<c>30 2 * * *</c>, <c>*/15 2 * * *</c>); interval (<c>*/15 * * * *</c>, <c>0 */2 * * *</c>)</description></listheader>
/// <item>
/// <term>put forward</term>
/// <description>
/// Times that are jumped over fire at the jump, all of them together once. An interval goes on in real time: what is jumped over comes when it would
/// have come without the jump, which for a jump of an hour is mostly a time of the expression anyway.
/// </description>
/// </item>
/// <item>
/// <term>put back</term>
/// <description>Times that are shown twice fire the first time only. An interval fires both times.</description>
/// </item>
/// </list>
/// </remarks>
public sealed class CronExpression
{
    /// <summary>Most characters of an expression.</summary>
    public const int MaxLength = 256;

    /// <summary>The last year in which anything fires.</summary>
    internal const int LastYear = 2200;

    private const long SecondsADay = 86_400;
    private const long MicrosASecond = 1_000_000;

    private static readonly int _epochDay = new DateOnly(1970, 1, 1).DayNumber;

    // Two days from the ends of what is searched, so that no offset leads out of the calendar.
    private static readonly long _earliest = (2L - _epochDay) * SecondsADay;
    private static readonly long _latest = (new DateOnly(LastYear + 1, 1, 3).DayNumber - _epochDay) * SecondsADay;

    private readonly CronTimes _times;
    private readonly CronDays _days;

    internal CronExpression(string text, CronTimes times, CronDays days, bool isIntervalLike)
    {
        Text = text;
        IsIntervalLike = isIntervalLike;
        _times = times;
        _days = days;
    }

    /// <summary>The expression as it was written.</summary>
    public string Text { get; }

    /// <summary>True when it means an interval rather than times: its hour field is <c>*</c>, or a range or step over all hours.</summary>
    public bool IsIntervalLike { get; }

    /// <summary>Reads an expression of at most <see cref="MaxLength"/> characters; one that can never fire is refused.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="expression">What was read.</param>
    /// <param name="error">The field, the place, what is wrong there and what was expected; empty when nothing is.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out CronExpression? expression, out string error)
    {
        error = CronReader.Read(text, out expression) ?? "";
        return expression is not null;
    }

    /// <summary>Reads an expression that is known to be right.</summary>
    /// <exception cref="FormatException">It is not; the message is that of <see cref="TryParse"/>.</exception>
    public static CronExpression Parse(string text) => TryParse(text, out var expression, out var error) ? expression : throw new FormatException(error);

    /// <summary>The first instant later than <paramref name="after"/>, or null when there is none up to the end of 2200.</summary>
    /// <param name="after">An instant.</param>
    /// <param name="zone">The zone whose clocks count; what happens when they change is said at the type.</param>
    public Instant? Next(Instant after, DateTimeZone zone)
    {
        // What fires does so at whole seconds: the first candidate is the next one.
        var first = Math.Max(_earliest, (long)Math.Floor(after.Micros / (decimal)MicrosASecond) + 1);
        if (first > _latest)
        {
            return null;
        }

        var found = IsIntervalLike ? CronClock.NextInterval(this, zone, first) : CronClock.NextFixed(this, zone, first);
        return found is { } second ? new Instant(second * MicrosASecond) : null;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The first local time at or after <paramref name="local"/>, in seconds since 1970-01-01 of the same clock.</summary>
    internal long? NextLocal(long local)
    {
        var (day, second) = Math.DivRem(local, SecondsADay);
        if (second < 0)
        {
            (day, second) = (day - 1, second + SecondsADay);
        }

        var from = DateOnly.FromDayNumber((int)day + _epochDay);
        var date = _days.Next(from, LastYear);
        if (date == from)
        {
            if (_times.Next((int)second) is { } time)
            {
                return (day * SecondsADay) + time;
            }

            date = _days.Next(from.AddDays(1), LastYear);
        }

        return date is { } found ? ((long)(found.DayNumber - _epochDay) * SecondsADay) + _times.First : null;
    }
}
