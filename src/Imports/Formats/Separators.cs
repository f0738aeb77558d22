using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>Finds what separates fields by looking at the first lines.</summary>
internal static class Separators
{
    private const int Looked = 16 * 1024;
    private const int Lines = 10;

    /// <summary>The text from its beginning, what separates its fields, and the number of its first line: a hint such as <c>sep=;</c> is obeyed and left out.</summary>
    public static (TextReader Text, char Separator, long FirstLine) Find(TextReader text, Profile profile)
    {
        var start = new char[Looked];
        var length = text.ReadBlock(start);
        var seen = start.AsSpan(0, length);
        var first = 1L;
        if (seen.Length > 5 && seen.StartsWith("sep=", StringComparison.OrdinalIgnoreCase) && seen[5] is '\r' or '\n')
        {
            var hint = seen[4];
            var end = seen[5] == '\r' && seen.Length > 6 && seen[6] == '\n' ? 7 : 6;
            return (new Rejoined(start.AsMemory(end, length - end), text), profile.Separator ?? hint, first + 1);
        }

        return (new Rejoined(start.AsMemory(0, length), text), profile.Separator ?? Guess(seen, profile.HasDecimalComma), first);
    }

    /// <summary>What stands in the lines most often. A comma counts last where it is in numbers.</summary>
    private static char Guess(ReadOnlySpan<char> seen, bool hasDecimalComma)
    {
        Span<int> counts = stackalloc int[4];
        var (lines, isQuoted) = (0, false);
        foreach (var c in seen)
        {
            if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (!isQuoted && c is '\n' or '\r')
            {
                if (++lines > Lines * 2)
                {
                    break;
                }
            }
            else if (!isQuoted && "\t;|,".IndexOf(c, StringComparison.Ordinal) is var which and >= 0)
            {
                counts[which]++;
            }
        }

        if (hasDecimalComma && counts[0] + counts[1] + counts[2] > 0)
        {
            counts[3] = 0;
        }

        var best = 3;
        for (var i = 0; i < 3; i++)
        {
            best = counts[i] > counts[best] ? i : best;
        }

        return "\t;|,"[best];
    }

    /// <summary>What was looked at, and then the rest.</summary>
    private sealed class Rejoined(ReadOnlyMemory<char> start, TextReader rest) : TextReader
    {
        private ReadOnlyMemory<char> _start = start;

        public override int Read(char[] buffer, int index, int count)
        {
            if (_start.Length == 0)
            {
                return rest.Read(buffer, index, count);
            }

            var taken = Math.Min(count, _start.Length);
            _start.Span[..taken].CopyTo(buffer.AsSpan(index));
            _start = _start[taken..];
            return taken;
        }
    }
}
