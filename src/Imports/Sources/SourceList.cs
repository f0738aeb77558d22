using Rondo.Imports.Profiles;
using Rondo.Jobs;

namespace Rondo.Imports.Sources;

/// <summary>A place that is looked at again and again.</summary>
/// <param name="Name">Its name: 1 to 40 letters, digits, <c>. - _</c>. Its schedule is <c>imports.NAME</c>.</param>
/// <param name="Address">Where its files are.</param>
/// <param name="Profile">How they are read; null for the profile that fits each.</param>
/// <param name="Every">Seconds between two looks; null where cron says when.</param>
/// <param name="Cron">When it is looked at; null where it is every so often.</param>
/// <param name="Zone">The zone that cron is in, or null for UTC.</param>
public sealed record SourceDefinition(string Name, SourceAddress Address, string? Profile, TimeSpan? Every, string? Cron, string? Zone);

/// <summary>The sources of an installation: a YAML file, a name for each with <c>url</c>, <c>every</c> or <c>cron</c> (and <c>zone</c>), and perhaps <c>profile</c>.</summary>
public static class SourceList
{
    private const int Longest = 40;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="span">Reads a duration such as 15m; null for what is none.</param>
    /// <exception cref="ImportRefused">It cannot be read, or has a mistake.</exception>
    public static IReadOnlyList<SourceDefinition> ReadFile(string path, Func<string, TimeSpan?> span)
    {
        try
        {
            return new FileInfo(path).Length > ProfileReader.Longest * 4 ? throw new ImportRefused($"{path}: a list of sources has at most {ProfileReader.Longest * 4} bytes") : Read(File.ReadAllText(path), path, span);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"the sources in {path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Adds the schedules of the sources, <c>imports.NAME</c> each.</summary>
    public static JobSchedules AddTo(JobSchedules schedules, IReadOnlyList<SourceDefinition> sources)
    {
        foreach (var source in sources)
        {
            var args = new FetchArgs(source.Name);
            _ = source.Every is { } every ? schedules.AddEvery($"imports.{source.Name}", every, args) : schedules.Add($"imports.{source.Name}", source.Cron!, source.Zone, args);
        }

        return schedules;
    }

    internal static IReadOnlyList<SourceDefinition> Read(string text, string place, Func<string, TimeSpan?> span)
    {
        List<SourceDefinition> sources = [];
        foreach (var (name, field) in ProfileYaml.Read(text, place))
        {
            if (!Names.IsFit(name) || name.Length > Longest)
            {
                throw field.Mistake($"is not a name: 1 to {Longest} letters, digits, '.', '-', '_'");
            }

            var fields = field.Map();
            var (url, profile, every, cron, zone) = (Take("url"), Take("profile"), Take("every"), Take("cron"), Take("zone"));
            foreach (var left in fields.Values)
            {
                throw left.Mistake("is not known; expected one of url, profile, every, cron, zone");
            }

            if (url is null || every is null == cron is null)
            {
                throw field.Mistake("needs a url, and either every (such as 15m) or cron");
            }

            TimeSpan? between = null;
            if (every is not null && (between = span(every)) is null)
            {
                throw field.Mistake($"'{Names.Shown(every)}' is not a duration; expected one such as 15m");
            }

            try
            {
                var source = new SourceDefinition(name, SourceAddress.Read(url), profile, between, cron, zone);
                _ = AddTo(new JobSchedules("tried"), [source]);
                sources.Add(source);
            }
            catch (Exception wrong) when (wrong is ImportRefused or ArgumentException)
            {
                throw field.Mistake(wrong.Message);
            }

            string? Take(string key) => fields.Remove(key, out var found) ? found.Scalar() : null;
        }

        return sources;
    }
}
