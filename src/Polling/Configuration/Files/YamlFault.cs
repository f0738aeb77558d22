using YamlDotNet.Core;

namespace Rondo.Polling.Configuration.Files;

/// <summary>Turns a syntax error into words that say what to change.</summary>
internal static class YamlFault
{
    /// <summary>Adds the mistake at the place where YAML could not be read on.</summary>
    public static void Report(YamlException fault, string text, MistakeList mistakes)
    {
        var (line, column) = (Math.Max(1, (int)fault.Start.Line), Math.Max(1, (int)fault.Start.Column));
        var last = Math.Max(line, (int)fault.End.Line) + 1;
        var lines = text.Split('\n', last + 1);
        for (var i = line; i <= Math.Min(last, lines.Length); i++)
        {
            if (TabIn(lines[i - 1]) is >= 0 and var tab)
            {
                mistakes.Add(i, tab + 1, "", "a tab is used for indentation; YAML expects spaces");
                return;
            }
        }

        mistakes.Add(line, column, "", $"this is not YAML: {Sentence(fault.Message)}{Hint(fault.Message)}");
    }

    private static int TabIn(string line)
    {
        var content = line.AsSpan().IndexOfAnyExcept(' ', '\t');
        return (content < 0 ? line.AsSpan() : line.AsSpan(0, content)).IndexOf('\t');
    }

    private static string Sentence(string message) => message.Length == 0 ? "it ends too early" : char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.');

    private static string Hint(string message) =>
        message.Contains("did not find expected", StringComparison.OrdinalIgnoreCase) ? " (check that the keys of one mapping begin in the same column, and that quotes and brackets are closed)"
        : message.Contains("cannot start any token", StringComparison.OrdinalIgnoreCase) ? " (put text that begins with @, ` or % in quotes)"
        : "";
}
