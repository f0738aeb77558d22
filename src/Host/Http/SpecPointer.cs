using System.Text;
using Rondo.Polling.Configuration;

namespace Rondo.Host.Http;

/// <summary>Turns the paths of mistakes (<c>$.groups[0].interval</c>) into JSON pointers (<c>/groups/0/interval</c>).</summary>
internal static class SpecPointer
{
    private const int LongestName = 100;

    /// <summary>Mistakes of one device.</summary>
    public static ProblemItem[] Of(IReadOnlyList<SpecMistake> mistakes) => [.. mistakes.Select(m => new ProblemItem(Of(m.Path), m.Message))];

    /// <summary>Mistakes between devices; those of others than <paramref name="device"/> are about the whole body and keep their path in the message.</summary>
    public static ProblemItem[] Of(IReadOnlyList<SpecMistake> mistakes, string device) =>
    [
        .. mistakes.Select(m => m.Path.StartsWith(device + ".", StringComparison.Ordinal)
            ? new ProblemItem(Of(m.Path[(device.Length + 1)..]), m.Message)
            : new ProblemItem("", m.ToString())),
    ];

    /// <summary>One path.</summary>
    public static string Of(string path)
    {
        var pointer = new StringBuilder();
        foreach (var part in path.Split('.'))
        {
            if (part == "$")
            {
                continue;
            }

            var bracket = part.IndexOf('[', StringComparison.Ordinal);
            var name = bracket < 0 ? part : part[..bracket];
            if (name.Length > 0 && name != "$")
            {
                pointer.Append('/').Append(name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
            }

            if (bracket >= 0)
            {
                foreach (var index in part[bracket..].Split(['[', ']'], StringSplitOptions.RemoveEmptyEntries))
                {
                    pointer.Append('/').Append(index);
                }
            }
        }

        return pointer.ToString();
    }

    /// <summary>A name of a request as a message may show it.</summary>
    public static string Shown(string name) => new([.. name.Take(LongestName).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c)]);
}
