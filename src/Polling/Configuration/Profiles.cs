using Rondo.Polling.Configuration.Files;

namespace Rondo.Polling.Configuration;

/// <summary>The profiles that come with Rondo; the files are <c>src/Polling/Profiles/*.yaml</c>.</summary>
public static class Profiles
{
    private const string Folder = "Profiles/";
    private const string Extension = ".yaml";

    private static readonly Lazy<Dictionary<string, ProfileSource>> sources = new(Load);

    /// <summary>Every built-in profile, by name.</summary>
    public static IReadOnlyList<Profile> All => sources.Value.Values.Select(source => source.Profile).OrderBy(profile => profile.Name, StringComparer.Ordinal).ToArray();

    /// <summary>The built-in profile of that name, or null.</summary>
    public static Profile? Find(string name) => FindSource(name)?.Profile;

    internal static IEnumerable<string> Names => sources.Value.Keys;

    internal static ProfileSource? FindSource(string name) => sources.Value.GetValueOrDefault(name);

    private static Dictionary<string, ProfileSource> Load()
    {
        var all = new Dictionary<string, ProfileSource>();
        var assembly = typeof(Profiles).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(each => each.StartsWith(Folder, StringComparison.Ordinal)))
        {
            using var stream = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var name = resource[Folder.Length..^Extension.Length];
            var mistakes = new MistakeList(resource);
            var root = YamlTree.Read(stream.ReadToEnd(), mistakes);
            var source = root is null ? null : new ProfileReader(new LayerReader(mistakes)).Read(new Layer(root, "", IsForeign: true), name);
            if (source is null || mistakes.Any)
            {
                // A wrong built-in profile is a bug of Rondo, and a test reads every one.
                throw new InvalidOperationException(string.Join('\n', mistakes.Mistakes()));
            }

            all.Add(name, source);
        }

        return all;
    }
}
