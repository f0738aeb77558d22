using System.Buffers;
using System.Text;

namespace Rondo.Imports.Files;

/// <summary>
/// Splits a text into records and fields as it comes, in memory that is bounded by the longest record. Line ends are LF, CRLF, CR, mixed; quotes as RFC 4180 has them; zero
/// characters are left out.
/// </summary>
internal sealed class RecordReader
{
    /// <summary>Longest record, characters.</summary>
    public const int Longest = 256 * 1024;

    private const int MostFields = 4_000;
    private readonly TextReader _text;
    private readonly char _separator;
    private readonly char _quote;
    private readonly SearchValues<char> _marks;
    private readonly int[] _starts = new int[MostFields];
    private readonly int[] _lengths = new int[MostFields];
    private char[] _buffer;
    private int _begin;
    private int _end;
    private bool _isEnded;
    private bool _hasEscapes;
    private int _rawStart;
    private int _rawLength;
    private long _nextLine;

    /// <param name="text">The text.</param>
    /// <param name="separator">Between fields.</param>
    /// <param name="isQuoted">False where quotes are letters like any other.</param>
    /// <param name="firstLine">Number of the first line.</param>
    public RecordReader(TextReader text, char separator, bool isQuoted = true, long firstLine = 1)
    {
        (_text, _separator, _quote, _nextLine) = (text, separator, isQuoted ? '"' : '\0', firstLine);
        _buffer = new char[32 * 1024];
        _marks = SearchValues.Create([separator, '\r', '\n']);
    }

    /// <summary>How many fields the record has.</summary>
    public int Count { get; private set; }

    /// <summary>The line it begins on.</summary>
    public long Line { get; private set; }

    /// <summary>True when the text ended before the record did.</summary>
    public bool IsUnfinished { get; private set; }

    /// <summary>What is wrong with the whole record: <c>record_too_long</c>, <c>too_many_fields</c>, <c>bad_quote</c>; null for nothing.</summary>
    public string? Problem { get; private set; }

    /// <summary>A field, without the space around it.</summary>
    public ReadOnlySpan<char> this[int field] => _buffer.AsSpan(_starts[field], _lengths[field]).Trim();

    /// <summary>The record as it stands in the text, without its end, at most so many characters.</summary>
    public string Raw(int most)
    {
        if (!_hasEscapes)
        {
            return _buffer.AsSpan(_rawStart, Math.Min(most, _rawLength)).ToString();
        }

        // Quotes in quotes were resolved where they stood.
        var text = new StringBuilder();
        for (var field = 0; field < Count && text.Length < most; field++)
        {
            text.Append(field == 0 ? "" : _separator.ToString()).Append('"').Append(_buffer.AsSpan(_starts[field], _lengths[field]).ToString().Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }

        return text.Length > most ? text.ToString(0, most) : text.ToString();
    }

    /// <summary>Goes on to the next record that is not empty; false after the last.</summary>
    public bool Read()
    {
        while (true)
        {
            (Count, Problem, IsUnfinished, Line, _hasEscapes) = (0, null, false, _nextLine, false);
            if (!ReadOne())
            {
                return false;
            }

            if (Problem is not null || Count > 1 || this[0].Length > 0)
            {
                return true;
            }
        }
    }

    private bool ReadOne()
    {
        var at = 0;
        while (true)
        {
            // Text that comes as one endless line of empty fields is too long as well.
            if (at >= Longest)
            {
                SkipRest("record_too_long");
                return true;
            }

            var fieldStart = at;
            if (!Has(at))
            {
                if (at == 0)
                {
                    return false;
                }

                // A separator was the last thing.
                Add(at, 0);
                return Unfinished(at);
            }

            if (_quote != '\0' && _buffer[_begin + at] == _quote)
            {
                if (!Quoted(ref at))
                {
                    return true;
                }

                fieldStart = -1;
            }

            var isEnd = Plain(ref at, fieldStart);
            if (isEnd)
            {
                return true;
            }
        }
    }

    /// <summary>To the end of a field without quotes, or of what follows quotes; true when the record ends with it.</summary>
    private bool Plain(ref int at, int fieldStart)
    {
        while (true)
        {
            var found = _buffer.AsSpan(_begin + at, _end - _begin - at).IndexOfAny(_marks);
            if (found < 0)
            {
                var seen = _end - _begin;
                if (seen >= Longest)
                {
                    SkipRest("record_too_long");
                    return true;
                }

                if (!Has(seen))
                {
                    if (fieldStart >= 0)
                    {
                        Add(fieldStart, seen - fieldStart);
                    }

                    Unfinished(seen);
                    return true;
                }

                continue;
            }

            at += found;
            var mark = _buffer[_begin + at];
            if (fieldStart >= 0)
            {
                Add(fieldStart, at - fieldStart);
            }

            if (mark == _separator)
            {
                at++;
                return false;
            }

            Finish(at, mark == '\r' && Has(at + 1) && _buffer[_begin + at + 1] == '\n' ? 2 : 1);
            return true;
        }
    }

    /// <summary>A field in quotes, which become nothing and two of which become one; false when the record came to its end within.</summary>
    private bool Quoted(ref int at)
    {
        var (start, write) = (at + 1, at + 1);
        var read = start;
        while (true)
        {
            if (!Has(read))
            {
                // The quote was never closed: what comes after its line is read as if it had been none.
                SkipRest("bad_quote");
                return false;
            }

            if (read >= Longest)
            {
                SkipRest("record_too_long");
                return false;
            }

            var c = _buffer[_begin + read];
            if (c == _quote)
            {
                if (Has(read + 1) && _buffer[_begin + read + 1] == _quote)
                {
                    (read, _hasEscapes) = (read + 1, true);
                }
                else
                {
                    break;
                }
            }
            else if (c == '\n' || (c == '\r' && !(Has(read + 1) && _buffer[_begin + read + 1] == '\n')))
            {
                _nextLine++;
            }

            _buffer[_begin + write++] = c;
            read++;
        }

        Add(start, write - start);
        at = read + 1;

        // Only space may stand between the closing quote and what comes next.
        for (var next = at; Has(next) && _buffer[_begin + next] is var c && !_marks.Contains(c); next++)
        {
            if (c != ' ')
            {
                Problem = "bad_quote";
            }
        }

        return true;
    }

    private void Add(int start, int length)
    {
        if (Count == MostFields)
        {
            Problem ??= "too_many_fields";
            return;
        }

        (_starts[Count], _lengths[Count]) = (_begin + start, length);
        Count++;
    }

    private void Finish(int length, int end)
    {
        (_rawStart, _rawLength) = (_begin, length);
        _begin += length + end;
        _nextLine++;
    }

    private bool Unfinished(int length)
    {
        IsUnfinished = true;
        Finish(length, 0);
        return true;
    }

    /// <summary>To the next end of a line, holding nothing of what is in between.</summary>
    private void SkipRest(string problem)
    {
        Problem = problem;
        Count = 0;
        var seen = _buffer.AsSpan(_begin, Math.Min(2_000, _end - _begin));
        var line = seen.IndexOfAny('\r', '\n');
        var kept = seen[..(line < 0 ? seen.Length : line)].ToArray();
        while (true)
        {
            var found = _buffer.AsSpan(_begin, _end - _begin).IndexOfAny('\r', '\n');
            if (found >= 0)
            {
                // To look at the next character may move all of them.
                _begin += found;
                var end = _buffer[_begin] == '\r' && Has(1) && _buffer[_begin + 1] == '\n' ? 2 : 1;
                _begin += end;
                break;
            }

            _begin = _end;
            if (!Has(0))
            {
                IsUnfinished = true;
                break;
            }
        }

        _nextLine = Line + 1;

        // Room before the next record, which has not been looked at yet.
        if (_begin < kept.Length)
        {
            var rest = _buffer.AsSpan(_begin, _end - _begin).ToArray();
            Array.Resize(ref _buffer, Math.Max(_buffer.Length, kept.Length + rest.Length));
            rest.CopyTo(_buffer, kept.Length);
            (_begin, _end) = (kept.Length, kept.Length + rest.Length);
        }

        kept.CopyTo(_buffer, 0);
        (_rawStart, _rawLength) = (0, kept.Length);
    }

    /// <summary>True when the character <paramref name="at"/> of the record is there, or could be read. What was read of the record stays where the fields say.</summary>
    private bool Has(int at)
    {
        while (_begin + at >= _end)
        {
            if (_isEnded)
            {
                return false;
            }

            if (_begin > 0)
            {
                var moved = _begin;
                _buffer.AsSpan(_begin, _end - _begin).CopyTo(_buffer);
                (_begin, _end) = (0, _end - moved);
                for (var field = 0; field < Count; field++)
                {
                    _starts[field] -= moved;
                }
            }

            if (_end == _buffer.Length)
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }

            var read = _text.Read(_buffer, _end, _buffer.Length - _end);
            _isEnded = read == 0;
            _end += Kept(_buffer.AsSpan(_end, read));
        }

        return true;
    }

    /// <summary>Takes zero characters out; how many are left.</summary>
    private static int Kept(Span<char> read)
    {
        var to = read.IndexOf('\0');
        if (to < 0)
        {
            return read.Length;
        }

        for (var from = to; from < read.Length; from++)
        {
            if (read[from] != '\0')
            {
                read[to++] = read[from];
            }
        }

        return to;
    }
}
