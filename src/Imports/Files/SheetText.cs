using System.Globalization;
using System.IO.Compression;
using System.Text;
using ExcelDataReader;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Files;

/// <summary>
/// One sheet of an Excel file as the text of a CSV: a line for each row, as the profile writes fields and numbers, so that whatever reads CSV reads it. Of a formula there is
/// what the spreadsheet program last worked out; nothing is worked out here. Dates and times are written out, plain numbers as they are.
/// </summary>
internal sealed class SheetText : TextReader
{
    /// <summary>Rows a sheet can have.</summary>
    private const int MostRows = 1_048_576;

    /// <summary>Columns a sheet can have.</summary>
    private const int MostColumns = 16_384;

    private readonly IExcelDataReader _book;
    private readonly bool _hasComma;
    private readonly long _bytes;
    private readonly StringBuilder _line = new();
    private int _at;
    private int _row;
    private int _width;

    // The package asks for old code pages even where it needs none.
    static SheetText() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private SheetText(IExcelDataReader book, Profile profile, long bytes, bool is1904) =>
        (_book, _hasComma, _bytes, Separator, Is1904) = (book, profile.HasDecimalComma, bytes, profile.Separator ?? ',', is1904);

    /// <summary>Between fields.</summary>
    public char Separator { get; }

    /// <summary>What the sheet is called.</summary>
    public string Name => _book.Name ?? "";

    /// <summary>Whether a plain number that stands for a day counts from 1904; nobody can tell by the number.</summary>
    public bool Is1904 { get; }

    /// <summary>How far it is, as bytes of the file.</summary>
    public long BytesRead => _book.RowCount <= 0 ? 0 : Math.Min(_bytes, (long)((double)_row / _book.RowCount * _bytes));

    /// <summary>Opens the sheet that the profile names, or the first one that is shown.</summary>
    /// <param name="file">The file; it stays open.</param>
    /// <param name="book">The same as an archive, looked at already.</param>
    /// <param name="profile">Which sheet, and how numbers are written.</param>
    /// <exception cref="ImportRefused">There is no such sheet, or it cannot be read.</exception>
    public static SheetText Open(Stream file, ZipArchive book, Profile profile)
    {
        IExcelDataReader? reader = null;
        try
        {
            var is1904 = SheetGuard.Is1904(book);
            file.Position = 0;
            reader = ExcelReaderFactory.CreateOpenXmlReader(file, new ExcelReaderConfiguration { LeaveOpen = true });
            Find(reader, profile);
            if (reader.FieldCount > MostColumns)
            {
                throw new ImportRefused($"the sheet has {reader.FieldCount:N0} columns, and a sheet has at most {MostColumns:N0}");
            }

            return new SheetText(reader, profile, file.Length, is1904);
        }
        catch (Exception fault) when (fault is not (ImportRefused or IOException))
        {
            reader?.Dispose();
            throw Broken(fault);
        }
        catch
        {
            reader?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override int Read(char[] buffer, int index, int count)
    {
        if (_at == _line.Length && !Next())
        {
            return 0;
        }

        var taken = Math.Min(count, _line.Length - _at);
        _line.CopyTo(_at, buffer, index, taken);
        _at += taken;
        return taken;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _book.Dispose();
        }

        base.Dispose(disposing);
    }

    private static void Find(IExcelDataReader book, Profile profile)
    {
        List<string> names = [];
        do
        {
            if (profile.Sheet is { } wanted ? string.Equals(book.Name, wanted, StringComparison.OrdinalIgnoreCase) : book.VisibleState is null or "visible")
            {
                return;
            }

            names.Add(Names.Shown(book.Name));
        }
        while (names.Count < 100 && book.NextResult());
        throw new ImportRefused(profile.Sheet is null
            ? "the Excel file has no sheet that is shown; name one in the profile (sheet:)"
            : $"the Excel file has no sheet '{profile.Sheet}', which profile {profile.Name} names; it has {string.Join(", ", names.Take(10))}");
    }

    /// <summary>Writes the next row into the line; false after the last one.</summary>
    private bool Next()
    {
        _line.Clear();
        _at = 0;
        try
        {
            if (!_book.Read())
            {
                return false;
            }

            if (++_row > MostRows)
            {
                throw new ImportRefused($"the sheet has more than {MostRows:N0} rows, which is all a sheet can have");
            }

            // Rows are as wide as the widest so far: what is empty behind it is there because somebody once coloured it.
            var last = _book.FieldCount;
            while (last > 0 && _book.GetValue(last - 1) is null or "")
            {
                last--;
            }

            _width = Math.Max(_width, last);
            for (var column = 0; column < _width && last > 0; column++)
            {
                if (column > 0)
                {
                    _line.Append(Separator);
                }

                Append(Text(_book.GetValue(column)));
            }
        }
        catch (Exception fault) when (fault is not (ImportRefused or IOException))
        {
            throw Broken(fault);
        }

        // One line for each row, so that what is said of a line is where the spreadsheet program shows it.
        _line.Append('\n');
        return true;
    }

    private string Text(object? value) => value switch
    {
        null => "",
        string text => text,
        double number => Number(number.ToString("G15", CultureInfo.InvariantCulture)),
        int number => Number(number.ToString(CultureInfo.InvariantCulture)),
        DateTime at => Clock(at),
        TimeSpan time => Clock(time),
        bool isTrue => isTrue ? "TRUE" : "FALSE",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private string Number(string text) => _hasComma ? text.Replace('.', ',') : text;

    /// <summary>To the second: a fraction of a day is never exact. A time without a day is a time of the day.</summary>
    private static string Clock(DateTime at)
    {
        var rounded = new DateTime((at.Ticks + (TimeSpan.TicksPerSecond / 2)) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, DateTimeKind.Unspecified);
        return rounded.Year < 1900 || rounded < new DateTime(1900, 1, 1, 0, 0, 0, DateTimeKind.Unspecified)
            ? rounded.ToString("HH':'mm':'ss", CultureInfo.InvariantCulture)
            : rounded.ToString(rounded.TimeOfDay == TimeSpan.Zero ? "yyyy'-'MM'-'dd" : "yyyy'-'MM'-'dd' 'HH':'mm':'ss", CultureInfo.InvariantCulture);
    }

    private static string Clock(TimeSpan time)
    {
        var seconds = (long)Math.Round(time.TotalSeconds);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / 3_600:00}:{seconds / 60 % 60:00}:{seconds % 60:00}");
    }

    private void Append(string text)
    {
        if (text.AsSpan().IndexOfAny('\r', '\n') >= 0)
        {
            text = text.Replace('\r', ' ').Replace('\n', ' ');
        }

        if (text.Contains(Separator, StringComparison.Ordinal) || text.Contains('"', StringComparison.Ordinal))
        {
            _line.Append('"').Append(text.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }
        else
        {
            _line.Append(text);
        }
    }

    private static ImportRefused Broken(Exception fault) => new($"the Excel file cannot be read: {fault.Message} Save it again, or save the sheet as CSV and import that", fault);
}
