namespace Rondo.Imports.Files;

/// <summary>A text of tags, none of which is further from the next one than 64 K characters.</summary>
internal sealed class TagReader(TextReader inner) : TextReader
{
    private const int Most = 64 * 1024;
    private const string Raw = "<![";
    private int _since;
    private int _matched;

    public override int Read(char[] buffer, int index, int count)
    {
        var read = inner.Read(buffer, index, count);
        var seen = buffer.AsSpan(index, read);
        var at = Match(seen, 0);
        while (seen[at..].IndexOf('<') is var next and >= 0)
        {
            Count(next);
            (_since, _matched) = (0, 1);
            at = Match(seen, at + next + 1);
        }

        Count(seen.Length - at);
        return read;
    }

    /// <summary>Whether what follows a <c>&lt;</c> makes it the beginning of raw text, which could hold anything; how far was looked.</summary>
    private int Match(ReadOnlySpan<char> seen, int at)
    {
        while (_matched > 0 && at < seen.Length)
        {
            if (seen[at] != Raw[_matched])
            {
                _matched = 0;
                break;
            }

            at++;
            if (++_matched == Raw.Length)
            {
                throw new ImportRefused("the XML has raw text (CDATA) in it, which Green Button files do not have");
            }
        }

        return at;
    }

    private void Count(int characters)
    {
        _since += characters;
        if (_since > Most)
        {
            throw new ImportRefused($"the XML has more than {Most:N0} characters between two tags; it is no Green Button file");
        }
    }
}
