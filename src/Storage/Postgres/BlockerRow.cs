using System.Globalization;
using System.Text.RegularExpressions;

namespace Rondo.Storage.Postgres;

/// <summary>A session that holds what another one waits for.</summary>
internal sealed partial class BlockerRow
{
    private const int LongestText = 120;

    public int Waiting { get; init; }

    public string Statement { get; set; } = "";

    public int Pid { get; init; }

    public string Application { get; init; } = "";

    public string UserName { get; init; } = "";

    public string State { get; init; } = "";

    public string Query { get; init; } = "";

    public double? AgeS { get; init; }

    /// <summary>Who, in what state, and with which statement; values that stand in a statement are not shown.</summary>
    public override string ToString()
    {
        if (Pid == 0)
        {
            return "a prepared transaction (select * from pg_prepared_xacts)";
        }

        var since = AgeS is { } age ? string.Create(CultureInfo.InvariantCulture, $" in a transaction of {age:0.0} s") : "";
        var said = Sql.NameIn(Query) is { } name ? $"statement {name}" : Query.Length == 0 || Query == "<insufficient privilege>" ? "its statement is unknown (grant pg_read_all_stats to see it)" : $"statement: {Shown(Query)}";
        return $"session {Pid} ({(Application.Length > 0 ? Application : "no application name")}, user {UserName}), {(State.Length > 0 ? State : "state unknown")}{since}, {said}";
    }

    private static string Shown(string query)
    {
        var line = Spaces().Replace(Literals().Replace(query, "?"), " ").Trim();
        return line.Length > LongestText ? line[..LongestText] + "…" : line;
    }

    [GeneratedRegex(@"\$(?<tag>\w*)\$.*?\$\k<tag>\$|'(?:[^']|'')*(?:'|$)|\b\d+(?:\.\d+)?\b", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Literals();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
