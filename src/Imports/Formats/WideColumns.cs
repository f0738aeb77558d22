using System.Globalization;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>Finds the columns of a wide file that hold values, and those of their flags.</summary>
internal static class WideColumns
{
    private static readonly string[] _beforeNumbers = ["hh", "hr", "kwh", "period", "value", "sp", "interval", "v"];
    private static readonly string[] _flagNames = ["flag", "status", "quality", "ae", "type"];

    /// <summary>Columns of values in the order of the day, and of their flags; none of the latter when there are none.</summary>
    /// <exception cref="ImportRefused">There are fewer than a short day has.</exception>
    public static (int[] Values, int[] Flags) Find(Header header, Profile profile, int perDay)
    {
        var most = perDay + Math.Max(1, 7_200 / profile.IntervalS);
        List<int> values = [];
        List<int> flags = [];
        if (header.Count == 0)
        {
            Count(header, profile, perDay, values, flags);
        }
        else
        {
            for (var column = 0; column < header.Count; column++)
            {
                var name = Header.Normal(header.Names[column]);
                if (column == header["meter"] || column == header["date"] || column == header["unit"] || column == header["total"] || column == header["channel"])
                {
                    continue;
                }

                if (IsValue(name))
                {
                    values.Add(column);
                }
                else if (profile.WideFlags != "none" && IsFlag(name) && column != header["flag"])
                {
                    flags.Add(column);
                }
            }
        }

        if (values.Count < perDay - 2 || values.Count > most)
        {
            throw new ImportRefused(
                $"{values.Count} columns of values were found, and profile {profile.Name} needs {perDay}, or {perDay + 2} with days on which clocks are put back. Columns of values are called 00:00, HH1, Period 1, kWh_1 or the like");
        }

        if (profile.WideFlags != "none" && flags.Count != values.Count)
        {
            throw new ImportRefused($"{values.Count} columns of values were found and {flags.Count} of flags; profile {profile.Name} expects as many flags as values");
        }

        return ([.. values], [.. flags]);
    }

    /// <summary>Whether a column is called as those of flags are.</summary>
    public static bool IsFlag(string name) => Array.Exists(_flagNames, f => name.StartsWith(f, StringComparison.Ordinal));

    /// <summary>From the column that the profile names, to the end of a long day.</summary>
    private static void Count(Header header, Profile profile, int perDay, List<int> values, List<int> flags)
    {
        var first = header["values"];
        if (first < 0)
        {
            throw new ImportRefused($"profile {profile.Name} counts columns: it needs the first one of values too, such as values: ['#3']");
        }

        for (var i = 0; i < perDay + (profile.WideFlags == "none" ? 2 : 0); i++)
        {
            values.Add(profile.WideFlags == "interleaved" ? first + (2 * i) : first + i);
            if (profile.WideFlags != "none")
            {
                flags.Add(profile.WideFlags == "interleaved" ? first + (2 * i) + 1 : first + perDay + i);
            }
        }
    }

    /// <summary>A time of the day, or a number with what usually stands before it.</summary>
    public static bool IsValue(string name)
    {
        var rest = name.AsSpan();
        foreach (var before in _beforeNumbers)
        {
            if (rest.StartsWith(before))
            {
                rest = rest[before.Length..];
                break;
            }
        }

        return rest.Length is > 0 and <= 6 && int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }
}
