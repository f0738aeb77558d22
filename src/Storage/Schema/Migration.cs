using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Rondo.Storage.Schema;

/// <summary>One numbered step of a module's schema.</summary>
/// <param name="Module">The module, for example <c>polling</c>.</param>
/// <param name="Number">Number within the module, from 1 without holes.</param>
/// <param name="Name">What it does, from the file name.</param>
/// <param name="Text">SQL for both databases, with dialect tokens. A contraction begins with the line <c>-- serves: 0.2.0</c>.</param>
public sealed record Migration(string Module, int Number, string Name, string Text)
{
    private const string Header = "-- serves:";

    /// <summary>SHA-256 of the text: a migration that was applied may never change.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));

    /// <summary>The oldest program that can run from this migration on; null for an expansion, which leaves everybody running.</summary>
    public Version? Serves { get; } = ReadServes(Text, $"{Module}/{Number:0000}_{Name}");

    /// <summary>What this module itself needs in every database; before those of all others.</summary>
    public static IReadOnlyList<Migration> OfStorage { get; } = Of("storage", typeof(Migration).Assembly);

    /// <summary>Reads the migrations embedded in a module's assembly (<c>Migrations/0001_name.sql</c>).</summary>
    public static IReadOnlyList<Migration> Of(string module, Assembly assembly)
    {
        var found = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (!resource.StartsWith("Migrations/", StringComparison.Ordinal))
            {
                continue;
            }

            var file = Path.GetFileNameWithoutExtension(resource);
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            found.Add(new Migration(module, int.Parse(file[..4], CultureInfo.InvariantCulture), file[5..], reader.ReadToEnd()));
        }

        found.Sort((a, b) => a.Number.CompareTo(b.Number));
        return found;
    }

    // A header that is not read would contract under the feet of running nodes; so whatever looks like one has to be one.
    private static Version? ReadServes(string text, string migration)
    {
        var at = text.IndexOf(Header, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        var line = text[at..].Split('\n', 2)[0];
        return at == 0 && Version.TryParse(line[Header.Length..].Trim(), out var oldest) && oldest is { Build: >= 0, Revision: < 0 }
            ? oldest
            : throw new InvalidOperationException($"migration {migration}: '{line}' will not do; expected '{Header} MAJOR.MINOR.PATCH' as the first line of the file");
    }
}

/// <summary>A migration and whether it has been applied.</summary>
/// <param name="Migration">The migration.</param>
/// <param name="AppliedAt">When, or null.</param>
public sealed record MigrationState(Migration Migration, Instant? AppliedAt);
