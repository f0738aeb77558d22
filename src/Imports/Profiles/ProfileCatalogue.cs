using System.Reflection;

namespace Rondo.Imports.Profiles;

/// <summary>The profiles there are: those shipped with the program, and those of the installation, which may take the place of a shipped one.</summary>
/// <param name="folder">Where those of the installation are (<c>NAME.yaml</c>); null for none.</param>
public sealed class ProfileCatalogue(string? folder = null)
{
    private const long MostBytes = ProfileReader.Longest * 4;
    private static readonly Lazy<IReadOnlyDictionary<string, Profile>> _shipped = new(ReadShipped);

    /// <summary>All of them by name. What cannot be read is left out here and told by <see cref="Find"/>.</summary>
    public IReadOnlyList<(Profile Profile, bool IsShipped)> All()
    {
        var all = _shipped.Value.ToDictionary(p => p.Key, p => (p.Value, true), StringComparer.Ordinal);
        foreach (var file in folder is not null && Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.yaml").Take(1_000) : [])
        {
            try
            {
                var profile = ReadFile(file);
                all[profile.Name] = (profile, false);
            }
            catch (ImportRefused)
            {
                // Whoever asks for it by name is told.
            }
        }

        return [.. all.Values.OrderBy(p => p.Item1.Name, StringComparer.Ordinal)];
    }

    /// <summary>The profile of that name.</summary>
    /// <exception cref="ImportRefused">There is none, or it has a mistake.</exception>
    public Profile Find(string name)
    {
        if (Names.IsFit(name))
        {
            if (folder is not null && Path.Combine(folder, name + ".yaml") is var file && File.Exists(file))
            {
                return ReadFile(file);
            }

            if (_shipped.Value.TryGetValue(name, out var shipped))
            {
                return shipped;
            }
        }

        throw new ImportRefused($"there is no profile '{Names.Shown(name)}'. There are: {string.Join(", ", All().Select(p => p.Profile.Name))}");
    }

    /// <summary>The profile that is named, be it by its name or as a file (ending in <c>.yaml</c>), or the one that fits a file best.</summary>
    /// <param name="named">A name, a path, or null to look at the file.</param>
    /// <param name="file">The file.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="meter">The meter, where it was said; null for none.</param>
    /// <param name="maxUnpacked">Largest size once unpacked.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ImportRefused">There is none, or none fits.</exception>
    public Profile Choose(string? named, string file, string name, string? meter, long maxUnpacked, CancellationToken stop)
    {
        if (named is not null)
        {
            return named.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) ? ReadFile(named) : Find(named);
        }

        var trials = ImportTrial.Guess(file, name, All().Select(p => p.Profile), meter, maxUnpacked, stop);
        var best = trials[0];
        return best is { Refusal: null, Values: > 0 } && best.Rejected * 2 <= best.Rows ? Find(best.Profile)
            : best.Refusal is { } refusal && trials.All(t => t.Refusal == refusal)

                // It is the file, whatever the profile.
                ? throw new ImportRefused(refusal)
                : throw new ImportRefused("no profile fits. See what each makes of it: rondo imports profile guess");
    }

    /// <summary>Reads a profile of a file.</summary>
    /// <exception cref="ImportRefused">It cannot be read, or has a mistake.</exception>
    public static Profile ReadFile(string path)
    {
        try
        {
            return new FileInfo(path).Length > MostBytes
                ? throw new ImportRefused($"{path}: a profile has at most {MostBytes} bytes")
                : ProfileReader.Read(File.ReadAllText(path), path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"the profile {path} cannot be read: {fault.Message}", fault);
        }
    }

    private static Dictionary<string, Profile> ReadShipped()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var found = new Dictionary<string, Profile>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith("Profiles/", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var profile = ProfileReader.Read(reader.ReadToEnd(), resource);
            found.Add(profile.Name, profile);
        }

        return found;
    }
}
