using System.Text.Json;

namespace Rondo.SystemTests.Support;

/// <summary>The built <c>rondo</c>, as a user starts it.</summary>
public class RondoProcess : ChildProcess
{
    public RondoProcess(IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? folder = null)
        : base(Executable, arguments, environment, folder)
    {
    }

    /// <summary>The product as built, in the configuration of these tests.</summary>
    public static string Executable { get; } = FindBuilt();

    public static RondoProcess Start(params string[] arguments) => new(arguments);

    /// <summary>Runs a command to its end.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using var process = new RondoProcess(arguments);
        var code = await process.ExitAsync();
        return (code, string.Join('\n', process.Output), string.Join('\n', process.Errors));
    }

    /// <summary>A token for the API of whoever serves this database.</summary>
    public static async Task<string> TokenAsync(string database, string role = "viewer")
    {
        var (code, output, errors) = await RunAsync("tokens", "add", $"test-{role}", "--role", role, "--json", "--database", database);
        Assert.True(code == 0, errors);
        return JsonDocument.Parse(output).RootElement.GetProperty("token").GetString()!;
    }

    private static string FindBuilt()
    {
        // …/artifacts/bin/SystemTests/release/ → …/artifacts/bin/Host/release/rondo
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var built = Path.Combine(here.Parent!.Parent!.FullName, "Host", here.Name, "rondo");
        return File.Exists(built) ? built : throw new FileNotFoundException("The program is not built: dotnet build Rondo.slnx", built);
    }
}
