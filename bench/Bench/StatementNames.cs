using System.Reflection;
using System.Text.RegularExpressions;
using Rondo.Host;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>The product's name of a statement that the server only knows by its text.</summary>
internal static partial class StatementNames
{
    private static readonly Dictionary<string, string> _names = Collect();

    /// <summary>Its name, or its text in one line.</summary>
    public static string Of(string text) => _names.GetValueOrDefault(Shape(text)) ?? Spaces().Replace(text, " ").Trim();

    private static Dictionary<string, string> Collect()
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        Assembly[] modules = [typeof(Database).Assembly, typeof(Node).Assembly, typeof(Poller).Assembly, typeof(Server).Assembly];
        foreach (var field in modules.SelectMany(module => module.GetTypes()).Where(type => !type.ContainsGenericParameters)
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)).Where(field => field.FieldType == typeof(Sql)))
        {
            var statement = (Sql)field.GetValue(null)!;
            names.TryAdd(Shape(statement.For(Dialect.Postgres)), statement.Name);
        }

        return names;
    }

    // The server shows constants and parameters as $1, $2, …; the product writes its parameters as names.
    private static string Shape(string text) => Spaces().Replace(Values().Replace(text, "?"), " ").Trim();

    [GeneratedRegex(@"'[^']*'|[@$]\w+|\b\d+\b|\b(?:true|false)\b", RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex Values();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex Spaces();
}
