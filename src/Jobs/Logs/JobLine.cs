using Microsoft.Extensions.Logging;

namespace Rondo.Jobs.Logs;

/// <summary>Of which job a line speaks: its own words say so, or the scope it was written in.</summary>
internal readonly record struct JobLine(string Queue, string Kind, long Id, int? Attempt)
{
    /// <summary>What a handler said through its context, without our words around it.</summary>
    public string? Text { get; init; }

    /// <summary>How it meant it.</summary>
    public LogLevel? Level { get; init; }

    /// <summary>Null when it speaks of none.</summary>
    public static JobLine? Of<TState>(TState state, IExternalScopeProvider? scopes)
    {
        if (state is IReadOnlyList<KeyValuePair<string, object?>> words && Find(words, "Queue") is string queue && Find(words, "Kind") is string kind && Find(words, "Id") is long id)
        {
            return new JobLine(queue, kind, id, Find(words, "Attempt") as int?)
            {
                Text = Find(words, "Said") as string,
                Level = Find(words, "Level") is string level ? LevelOf(level) : null,
            };
        }

        // The innermost is the last one.
        JobScope? scope = null;
        scopes?.ForEachScope((found, _) => scope = found as JobScope ?? scope, state);
        return scope is null ? null : new JobLine(scope.Queue, scope.Kind, scope.Id, scope.Attempt);
    }

    private static object? Find(IReadOnlyList<KeyValuePair<string, object?>> words, string name)
    {
        for (var n = 0; n < words.Count; n++)
        {
            if (words[n].Key == name)
            {
                return words[n].Value;
            }
        }

        return null;
    }

    private static LogLevel LevelOf(string level) => level.ToLowerInvariant() switch
    {
        "trace" or "debug" => LogLevel.Debug,
        "warn" or "warning" => LogLevel.Warning,
        "error" or "critical" or "fatal" => LogLevel.Error,
        _ => LogLevel.Information,
    };
}
