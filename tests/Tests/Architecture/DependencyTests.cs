using System.Xml.Linq;
using Rondo.Tests.Support;

namespace Rondo.Tests.Architecture;

/// <summary>The arrows between the projects of src, held against the table of the design.</summary>
public sealed class DependencyTests
{
    /// <summary>
    /// Who may use whom, directly. What can be reached by following arrows may be referenced directly as well. Adding a row or an arrow is a
    /// decision about the design: write down why in docs/decisions.
    /// </summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Metrics"] = [],
        ["Loops"] = ["Metrics"],
        ["Drivers"] = [],
        ["Storage"] = ["Loops", "Metrics"],
        ["Live"] = ["Storage", "Loops"],
        ["Security"] = ["Storage", "Loops"],
        ["Nodes"] = ["Storage", "Loops"],
        ["Simulators"] = ["Drivers"],
        ["Diagnostics"] = ["Live", "Security", "Nodes"],
        ["Jobs"] = ["Diagnostics"],
        ["Readings"] = ["Jobs"],
        ["Hotspot"] = ["Jobs", "Drivers"],
        ["Polling"] = ["Readings", "Drivers"],
        ["Imports"] = ["Readings"],
        ["Alerts"] = ["Readings"],
        ["Dashboard"] = ["Polling", "Imports", "Alerts", "Hotspot"],
        ["Host"] = ["Dashboard", "Simulators"],
    };

    private static readonly Dictionary<string, string[]> Actual = ReadProjects();

    [Fact]
    public void Every_reference_between_modules_is_one_the_design_allows()
    {
        var wrong =
            from module in Actual
            from used in module.Value
            where !Reachable(Allowed, module.Key).Contains(used)
            select $"{module.Key} → {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_module_has_its_place_in_the_design() => Assert.Empty(Actual.Keys.Except(Allowed.Keys));

    [Fact]
    public void No_module_reaches_itself()
    {
        Assert.DoesNotContain(Actual.Keys, module => Reachable(Actual, module).Contains(module));
        Assert.DoesNotContain(Allowed.Keys, module => Reachable(Allowed, module).Contains(module));
    }

    [Fact]
    public void The_solution_lists_every_project_of_src_and_nothing_that_is_not_there()
    {
        var listed = XDocument.Load(Repository.At("Rondo.slnx")).Descendants("Project")
            .Select(project => project.Attribute("Path")!.Value.Replace('\\', '/')).ToHashSet();
        var folders = Directory.GetDirectories(Repository.At("src")).Where(folder => Directory.EnumerateFiles(folder).Any())
            .Select(Path.GetFileName).Select(name => $"src/{name}/{name}.csproj").ToList();
        Assert.NotEmpty(folders);
        Assert.Empty(folders.Except(listed));
        Assert.DoesNotContain(listed, path => !File.Exists(Repository.At(path)));
    }

    private static HashSet<string> Reachable(Dictionary<string, string[]> arrows, string from)
    {
        var reached = new HashSet<string>();
        var waiting = new Stack<string>([from]);
        while (waiting.TryPop(out var module))
        {
            foreach (var next in arrows.GetValueOrDefault(module, []).Where(reached.Add))
            {
                waiting.Push(next);
            }
        }

        return reached;
    }

    private static Dictionary<string, string[]> ReadProjects() =>
        Repository.Files("src", "*.csproj").ToDictionary(
            file => Path.GetFileNameWithoutExtension(file),
            file => XDocument.Load(file).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))
                .ToArray());
}
