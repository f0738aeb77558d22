using System.Text.Json;

namespace Rondo.Host.Settings;

/// <summary>Gathers the settings: defaults, then the file, then the environment, then the command line.</summary>
internal static class SettingsReader
{
    /// <summary>Reads everything and reports every problem; no database is asked.</summary>
    public static SettingsReading Read(SettingsSources sources)
    {
        var problems = new List<string>();
        var texts = new Dictionary<string, (string Text, string Source)>();
        foreach (var setting in Setting.All)
        {
            texts[setting.Key] = (setting.Default(sources.Variable), "default");
        }

        var file = sources.File ?? (File.Exists(sources.UsualFile) ? sources.UsualFile : null);
        var isUnreadable = file is not null && !FromFile(file, texts, problems);
        foreach (var setting in Setting.All)
        {
            if (sources.Variable(setting.Variable) is { Length: > 0 } text)
            {
                texts[setting.Key] = (text, "environment " + setting.Variable);
            }
        }

        foreach (var (key, option, text) in sources.CommandLine)
        {
            if (text is not null)
            {
                texts[key] = (text, "option " + option);
            }
        }

        var draft = new SettingsDraft();
        var values = new List<SettingValue>();
        foreach (var setting in Setting.All)
        {
            var (text, source) = texts[setting.Key];
            if (setting.Take(draft, text) is { } problem)
            {
                problems.Add(source == "default" ? $"{setting.Key}: {problem}" : $"{source}: {setting.Key}: {problem}");
            }

            values.Add(new SettingValue(setting.Key, setting.Shown(draft, text), source));
        }

        foreach (var problem in draft.Polling.Problems())
        {
            problems.Add(InOurWords(problem, texts));
        }

        if (problems.Count == 0 && HttpOptions.Problem(draft.Http) is { } mismatch)
        {
            problems.Add($"{texts["http.address"].Source}: http.address: {mismatch}");
        }

        if (draft.Pusher.Problem is { } unfit)
        {
            problems.Add(unfit);
        }

        var settings = problems.Count > 0 ? null : new RondoSettings
        {
            Database = draft.Database!,
            Roles = draft.Roles,
            Http = draft.Http,
            Hints = draft.Hints,
            Redis = draft.Redis,
            Keys = draft.Keys,
            LogFormat = draft.LogFormat,
            Metrics = draft.Metrics,
            Pusher = draft.Pusher,
            Polling = draft.Polling,
            Jobs = draft.Jobs,
            Live = draft.Live,
            Imports = draft.Imports,
            TimeZone = draft.TimeZone,
            QualityAt = draft.QualityAt,
            Retention = draft.Retention with { Polled = draft.Polling.ReadingRetention },
        };
        return new SettingsReading(settings, values, problems, file) { IsFileUnreadable = isUnreadable };
    }

    /// <summary>Options speak of <c>Polling:BatchSize</c>; the person wrote <c>polling.batch_size</c> somewhere.</summary>
    private static string InOurWords(string problem, Dictionary<string, (string Text, string Source)> texts)
    {
        var end = problem.IndexOf(' ');
        var key = "polling." + JsonNamingPolicy.SnakeCaseLower.ConvertName(problem["Polling:".Length..end]);
        return texts.TryGetValue(key, out var value) ? $"{value.Source}: {key}{problem[end..]}" : problem;
    }

    private static bool FromFile(string file, Dictionary<string, (string Text, string Source)> texts, List<string> problems)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                problems.Add($"{file}: expected an object such as {{ \"database\": \"sqlite:/var/lib/rondo/rondo.db\" }}");
                return true;
            }

            Flatten(json.RootElement, "", file, texts, problems);
            return true;
        }
        catch (JsonException fault)
        {
            problems.Add($"{file}:{fault.LineNumber + 1}:{fault.BytePositionInLine + 1}: this is not JSON; expected an object such as {{ \"database\": \"sqlite:/var/lib/rondo/rondo.db\" }}");
            return false;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            problems.Add($"the settings in {file} cannot be read: {fault.Message}");
            return false;
        }
    }

    private static void Flatten(JsonElement from, string prefix, string file, Dictionary<string, (string Text, string Source)> texts, List<string> problems)
    {
        foreach (var property in from.EnumerateObject())
        {
            var key = prefix + property.Name;
            var value = property.Value;
            if (texts.ContainsKey(key))
            {
                if (Text(value, isSwitch: Setting.All.Any(s => s.Key == key && s.IsSwitch)) is { } text)
                {
                    texts[key] = (text, file);
                }
                else
                {
                    problems.Add($"{file}: {key} is {value.ValueKind.ToString().ToLowerInvariant()}; expected a text or a number");
                }
            }
            else if (value.ValueKind == JsonValueKind.Object && texts.Keys.Any(k => k.StartsWith(key + ".", StringComparison.Ordinal)))
            {
                Flatten(value, key + ".", file, texts, problems);
            }
            else
            {
                problems.Add($"{file}: '{key}' is not a setting; expected one of {string.Join(", ", texts.Keys)}");
            }
        }
    }

    private static string? Text(JsonElement value, bool isSwitch) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True or JsonValueKind.False when isSwitch => value.GetRawText(),
        JsonValueKind.Array when value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String) => string.Join(',', value.EnumerateArray().Select(e => e.GetString())),
        _ => null,
    };
}
