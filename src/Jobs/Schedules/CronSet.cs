namespace Rondo.Jobs.Schedules;

/// <summary>The values a field names.</summary>
/// <param name="Bits">Bit 0 is the field's first value.</param>
/// <param name="HasStar">True when an item is <c>*</c>, with or without a step (or <c>?</c>).</param>
/// <param name="IsWhole">True when an item runs over all values of the field, with or without a step: <c>*/2</c>, <c>0/2</c>, <c>0-23</c>.</param>
internal readonly record struct CronSet(ulong Bits, bool HasStar, bool IsWhole)
{
    /// <summary>Both together.</summary>
    public static CronSet operator |(CronSet a, CronSet b) => new(a.Bits | b.Bits, a.HasStar || b.HasStar, a.IsWhole || b.IsWhole);

    /// <summary>Reads a list; returns what is wrong with it, or null.</summary>
    public static string? Read(CronField field, CronPart list, out CronSet set)
    {
        set = default;
        foreach (var item in list.Items())
        {
            if (ReadItem(field, item, out var one) is { } error)
            {
                return error;
            }

            set |= one;
        }

        return null;
    }

    /// <summary>Reads <c>*</c>, a value or a range, each with a step or without; returns what is wrong with it, or null.</summary>
    public static string? ReadItem(CronField field, CronPart item, out CronSet set)
    {
        set = default;
        var slash = item.Text.IndexOf('/');
        var range = slash < 0 ? item : item.Before(slash);
        var isStar = range.Text == "*" || (item.Text == "?" && field.IsDay);
        var (first, last) = (field.Least, field.Last);
        var step = 1;
        if (!isStar && ReadRange(field, range, item, isOpen: slash >= 0, out first, out last) is { } wrongRange)
        {
            return wrongRange;
        }

        // A step beyond the field's end would quietly mean something else than it says: */90 is not every 90 minutes.
        if (slash >= 0 && field.ReadNumber(item.Behind(slash), 1, field.Last, "is not a step", $"a step of 1 to {field.Last}", out step) is { } wrongStep)
        {
            return wrongStep;
        }

        var bits = 0UL;
        for (var value = first; value <= last; value += step)
        {
            bits |= 1UL << ((value - field.Least) % field.Count);
        }

        set = new CronSet(bits, isStar, last - first + 1 >= field.Count);
        return null;
    }

    // A range that wraps ends beyond the field's last value: 22-2 is 22 to 26.
    private static string? ReadRange(CronField field, CronPart range, CronPart item, bool isOpen, out int first, out int last)
    {
        var dash = range.Text.IndexOf('-');
        if (dash < 0)
        {
            var wrong = field.Read(range, item, out first);
            last = isOpen ? Math.Max(first, field.Last) : first;
            return wrong;
        }

        last = 0;
        if ((field.Read(range.Before(dash), item, out first) ?? field.Read(range.Behind(dash), item, out last)) is { } error)
        {
            return error;
        }

        last += last < first ? field.Count : 0;
        return null;
    }
}
