namespace Rondo.Tests.Support;

/// <summary>The working copy these tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder that holds Rondo.slnx.</summary>
    public static string Root { get; } = Find();

    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The files below a folder of the repository; build output is left out.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(At(folder), pattern, SearchOption.AllDirectories)
            .Where(file => !Relative(file).Split('/').Any(part => part is "artifacts" or "bin" or "obj" or ".git" or "TestResults"))
            .Order(StringComparer.Ordinal);

    /// <summary>A path as the messages of tests show it: from the root, with forward slashes.</summary>
    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Rondo.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Rondo.slnx above {AppContext.BaseDirectory}: run the tests from a clone of the repository.");
    }
}
