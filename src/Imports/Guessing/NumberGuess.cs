using Rondo.Imports.Formats;

namespace Rondo.Imports.Guessing;

/// <summary>Which character is the decimal one.</summary>
internal static class NumberGuess
{
    /// <summary>Looks at cells that hold values.</summary>
    /// <param name="cells">The cells, none empty.</param>
    /// <param name="separator">Between fields.</param>
    /// <param name="isSheet">True where they are numbers of a spreadsheet.</param>
    public static (bool HasComma, GuessPart Part) Of(IReadOnlyList<string> cells, char separator, bool isSheet)
    {
        var (point, comma) = (cells.FirstOrDefault(c => Tells(c, '.')), cells.FirstOrDefault(c => Tells(c, ',')));
        if (point is not null && comma is not null)
        {
            var (points, commas) = (cells.Count(c => Tells(c, '.')), cells.Count(c => Tells(c, ',')));
            return (commas > points, new GuessPart("decimal", commas > points ? "," : ".", GuessPart.Unclear, $"'{Names.Shown(point)}' has a decimal point and '{Names.Shown(comma)}' a decimal comma: the file contradicts itself"));
        }

        if (comma is not null || point is not null)
        {
            return (comma is not null, new GuessPart("decimal", comma is not null ? "," : ".", GuessPart.Certain, $"'{Names.Shown((comma ?? point)!)}' can be nothing else"));
        }

        if (cells.FirstOrDefault(c => c.IndexOfAny([',', '.']) >= 0) is { } doubtful && !isSheet)
        {
            if (separator == ',' && cells.All(c => !c.Contains(',', StringComparison.Ordinal)))
            {
                return (false, new GuessPart("decimal", ".", GuessPart.Likely, $"files whose fields are separated by commas rarely have decimal commas; '{Names.Shown(doubtful)}' does not tell by itself"));
            }

            var hasComma = doubtful.Contains(',', StringComparison.Ordinal);
            return (hasComma, new GuessPart("decimal", hasComma ? "," : ".", GuessPart.Unclear, $"'{Names.Shown(doubtful)}' may have thousands in it or a fraction, and no other value tells: look at the values below, and change decimal: where they are wrong"));
        }

        return (false, new GuessPart("decimal", ".", isSheet ? GuessPart.Certain : GuessPart.Likely, isSheet ? "numbers of a sheet are numbers" : "no value has a fraction"));
    }

    /// <summary>Whether it is a number with either decimal character.</summary>
    public static bool IsNumber(string cell) => NumberText.TryParse(cell, hasComma: false, out _) || NumberText.TryParse(cell, hasComma: true, out _);

    /// <summary>Whether the character can be nothing but the decimal one: the last of either, and not with three digits behind it and one to three before.</summary>
    private static bool Tells(string cell, char mark)
    {
        var at = cell.LastIndexOf(mark);
        var other = mark == '.' ? ',' : '.';
        if (at < 0 || !NumberText.TryParse(cell, mark == ',', out _) || cell.IndexOf(mark, StringComparison.Ordinal) != at)
        {
            return false;
        }

        // Nobody writes 0.123 for 123.
        return cell.AsSpan(0, at).TrimStart("+-") is "" or "0" || !NumberText.TryParse(cell, mark != ',', out _) || (cell.Contains(other, StringComparison.Ordinal) && cell.LastIndexOf(other) < at);
    }
}
