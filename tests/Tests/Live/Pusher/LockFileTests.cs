using Rondo.Tests.Support;

namespace Rondo.Tests.Live.Pusher;

/// <summary>The packages that the test with the real clients installs.</summary>
public sealed class LockFileTests
{
    [Fact]
    public void Packages_are_named_with_exact_versions_and_without_a_host()
    {
        var folder = Repository.At("tests", "SystemTests", "Pusher", "client");
        var text = File.ReadAllText(Path.Combine(folder, "package-lock.json"));
        Assert.DoesNotContain("://", text, StringComparison.Ordinal);
        Assert.Contains("\"integrity\": \"sha512-", text, StringComparison.Ordinal);
        using var wanted = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "package.json")));
        foreach (var package in wanted.RootElement.GetProperty("dependencies").EnumerateObject())
        {
            Assert.Matches(@"^\d+\.\d+\.\d+$", package.Value.GetString());
        }
    }
}
