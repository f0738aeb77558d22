using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging;
using Rondo.Tests.Support;

namespace Rondo.Tests.Architecture;

/// <summary>What a line of the log is known by: people count and alert on these numbers, so none is used twice and none changes its meaning.</summary>
public sealed class LogEventTests
{
    /// <summary>The numbers of each module, as docs/operations/logs.md tells them.</summary>
    private static readonly (string Module, int First, int Last)[] _ranges =
    [
        ("rondo", 1000, 1999),
        ("Rondo.Nodes", 2000, 2999),
        ("Rondo.Security", 3000, 3999),
        ("Rondo.Live", 4000, 4999),
        ("Rondo.Jobs", 5000, 5999),
        ("Rondo.Polling", 6000, 6999),
        ("Rondo.Storage", 7000, 7999),
        ("Rondo.Readings", 8000, 8499),
        ("Rondo.Diagnostics", 8500, 8999),
        ("Rondo.Imports", 9000, 9499),
    ];

    private static readonly List<(string Module, string Name, LoggerMessageAttribute Said)> _events = Find();

    [Fact]
    public void Every_event_has_a_number_of_its_own_in_the_range_of_its_module()
    {
        Assert.True(_events.Count > 50, $"only {_events.Count} events were found");
        Assert.Empty(_events.GroupBy(e => e.Said.EventId).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(e => $"{e.Module} {e.Name}"))}"));
        Assert.Empty(_events.GroupBy(e => (e.Module, e.Name)).Where(g => g.Count() > 1).Select(g => $"{g.Key}"));
        Assert.Empty(_events.Where(e => Array.Find(_ranges, r => r.Module == e.Module) is var range && (e.Said.EventId < range.First || e.Said.EventId > range.Last))
            .Select(e => $"{e.Module} {e.Name}: {e.Said.EventId} is not of its module"));
    }

    [Fact]
    public void The_ranges_are_in_the_documentation()
    {
        var page = File.ReadAllText(Repository.At("docs", "operations", "logs.md"));
        Assert.Empty(_ranges.Where(r => !page.Contains($"{r.First}–{r.Last}", StringComparison.Ordinal)).Select(r => $"{r.Module}: {r.First}–{r.Last} is not in docs/operations/logs.md"));
    }

    [Fact]
    public void No_event_changes_its_number_its_name_or_its_level_without_somebody_agreeing()
    {
        var found = new StringBuilder();
        foreach (var (_, name, said) in _events.OrderBy(e => e.Said.EventId))
        {
            found.Append(said.EventId).Append(' ').Append(said.Level.ToString().ToLowerInvariant()).Append(' ').Append(name).Append(": ").Append(said.Message).Append('\n');
        }

        var file = Repository.At("tests", "Approved", "log-events.txt");
        if (Environment.GetEnvironmentVariable("RONDO_APPROVE") == "1")
        {
            File.WriteAllText(file, found.ToString());
        }

        Assert.True(File.Exists(file), $"{file} is missing: RONDO_APPROVE=1 writes it");
        var (was, now) = (File.ReadAllText(file).Split('\n'), found.ToString().Split('\n'));
        Assert.True(
            was.SequenceEqual(now),
            $"The events differ from {Repository.Relative(file)}. If that is meant, run with RONDO_APPROVE=1.\n{string.Join('\n', was.Except(now).Select(l => "- " + l).Concat(now.Except(was).Select(l => "+ " + l)))}");
    }

    private static List<(string Module, string Name, LoggerMessageAttribute Said)> Find()
    {
        var assemblies = new[] { typeof(Rondo.Host.Server).Assembly }
            .Concat(typeof(Rondo.Host.Server).Assembly.GetReferencedAssemblies().Where(name => name.Name!.StartsWith("Rondo.", StringComparison.Ordinal)).Select(Assembly.Load))
            .ToList();
        return
        [
            .. from assembly in assemblies
               from type in assembly.GetTypes()
               from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
               let said = method.GetCustomAttribute<LoggerMessageAttribute>()
               where said is not null
               select (assembly.GetName().Name!, said.EventName ?? method.Name, said),
        ];
    }
}
