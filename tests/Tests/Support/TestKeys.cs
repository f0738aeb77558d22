using System.Runtime.CompilerServices;

namespace Rondo.Tests.Support;

/// <summary>One key ring for everything that these tests start in this process, and none in the home of whoever runs them.</summary>
public static class TestKeys
{
    public static string Folder { get; } = Path.Combine(Path.GetTempPath(), $"rondo-test-keys-{Environment.ProcessId}");

    [ModuleInitializer]
    internal static void Name()
    {
        Environment.SetEnvironmentVariable("RONDO_KEYS_FOLDER", Folder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (Directory.Exists(Folder))
            {
                Directory.Delete(Folder, recursive: true);
            }
        };
    }
}
