using System.Xml.Linq;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>What the docs show is what is built and run (JobSampleTests of SystemTests), and takes no more of Rondo than they say.</summary>
public sealed class SampleTests
{
    [Fact]
    public void The_docs_show_the_sample_as_it_is()
    {
        var page = File.ReadAllText(Repository.At("docs", "operations", "embedding.md"));
        var shown = page.Split("```csharp\n")[1].Split("```")[0];
        Assert.Equal(File.ReadAllText(Repository.At("docs", "samples", "jobs", "Program.cs")), shown);
    }

    [Fact]
    public void The_sample_takes_the_queue_and_its_storage_and_nothing_else()
    {
        var project = XDocument.Load(Repository.At("docs", "samples", "jobs", "JobsSample.csproj"));
        Assert.Equal(["Jobs.csproj", "Storage.csproj"], project.Descendants("ProjectReference").Select(r => Path.GetFileName(r.Attribute("Include")!.Value)));
        Assert.Empty(project.Descendants("PackageReference"));
        Assert.All(
            File.ReadLines(Repository.At("docs", "samples", "jobs", "Program.cs")).Where(line => line.StartsWith("using ", StringComparison.Ordinal)),
            line => Assert.Matches("^using Rondo\\.(Jobs|Storage);$", line));
    }
}
