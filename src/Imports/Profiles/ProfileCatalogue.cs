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
