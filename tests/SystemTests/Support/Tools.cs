namespace Rondo.SystemTests.Support;

/// <summary>Programs of others that a test needs. Where they are missing the test is skipped, by name; where they must be there it fails.</summary>
internal static class Tools
{
    private static readonly bool IsStrict =
        Environment.GetEnvironmentVariable("CI_STRICT") is "1" || Environment.GetEnvironmentVariable("RONDO_TEST_STRICT") is "1";

    public static void Require(bool isThere, string what)
    {
        Assert.SkipUnless(isThere || IsStrict, $"{what} is not installed");
        Assert.True(isThere, $"{what} is not installed");
    }

    /// <summary>Full path of a program.</summary>
    public static string Find(string name, string package)
    {
        var file = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/bin", "/usr/local/bin"])
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Require(file is not null, $"{name} (package {package})");
        return file!;
    }
}
