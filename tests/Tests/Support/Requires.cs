namespace Rondo.Tests.Support;

/// <summary>
/// What a test needs from the machine. When it is missing the test is skipped, and the skip says what to install; where everything is
/// supposed to be there (CI_STRICT or RONDO_TEST_STRICT is 1) it fails instead, so that a silent skip cannot pass for a proof.
/// </summary>
public static class Requires
{
    public static bool IsStrict => IsSet("CI_STRICT") || IsSet("RONDO_TEST_STRICT");

    /// <summary>A PostgreSQL server for tests; ./test starts one and says where in RONDO_TEST_POSTGRES.</summary>
    public static void Postgres() =>
        That(TestPostgres.IsAvailable, "PostgreSQL: RONDO_TEST_POSTGRES is not set; ./test starts a private server (package postgresql-15)");

    /// <summary>A program on the PATH (or in the sbin folders), and the package that brings it. Returns its full path.</summary>
    public static string Program(string name, string package)
    {
        var file = FindProgram(name);
        That(file is not null, $"{name} is not installed (package {package})");
        return file!;
    }

    /// <summary>A file that a package brings (a C header, a Python module).</summary>
    public static void File(string path, string package) => That(System.IO.File.Exists(path), $"{path} is missing (package {package})");

    /// <summary>Skips, or fails where skipping is not allowed, unless <paramref name="condition"/> holds.</summary>
    public static void That(bool condition, string whatIsMissing)
    {
        if (condition)
        {
            return;
        }

        if (IsStrict)
        {
            Assert.Fail($"Required here, and missing: {whatIsMissing}");
        }

        Assert.Skip(whatIsMissing);
    }

    public static string? FindProgram(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Concat(["/usr/local/sbin", "/usr/sbin", "/sbin"])
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(System.IO.File.Exists);
    }

    private static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) is "1" or "true";
}
