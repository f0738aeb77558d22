using System.Text.RegularExpressions;
using Rondo.Tests.Support;

namespace Rondo.Tests.Architecture;

/// <summary>The rules of the house that a compiler does not know.</summary>
public sealed partial class HouseTests
{
    private const int LongestFile = 400;

    [Fact]
    public void No_source_file_is_longer_than_400_lines()
    {
        var tooLong =
            from file in Repository.Files("src", "*.cs")
            let lines = File.ReadLines(file).Count()
            where lines > LongestFile
            select $"{Repository.Relative(file)}: {lines} lines";
        Assert.Empty(tooLong);
    }

    [Fact]
    public void No_type_is_named_after_nothing_in_particular()
    {
        var named =
            from file in Repository.Files("src", "*.cs")
            from Match type in TypeDeclaration().Matches(File.ReadAllText(file))
            let name = type.Groups["name"].Value
            where EmptyName().IsMatch(name)
            select $"{Repository.Relative(file)}: {name}";
        Assert.Empty(named);
    }

    [Theory]
    [InlineData("public sealed class PollManager : IDisposable", true)]
    [InlineData("internal readonly record struct FrameInfo(int A)", true)]
    [InlineData("file static class Utils", true)]
    [InlineData("public abstract class SqliteDatabase", false)]
    [InlineData("/// the data of a class of device", false)]
    [InlineData("public interface ITimerService", true)]
    public void The_rule_about_names_knows_a_bad_one(string line, bool isBad) =>
        Assert.Equal(isBad, TypeDeclaration().Matches(line).Any(type => EmptyName().IsMatch(type.Groups["name"].Value)));

    [Fact]
    public void Every_module_with_code_has_a_readme()
    {
        var without =
            from folder in Directory.GetDirectories(Repository.At("src"))
            where Repository.Files(Repository.Relative(folder), "*.cs").Any() && !File.Exists(Path.Combine(folder, "README.md"))
            select Repository.Relative(folder);
        Assert.Empty(without);
    }

    [Fact]
    public void Every_link_in_the_docs_leads_to_a_file()
    {
        var pages = Directory.GetFiles(Repository.Root, "*.md")
            .Concat(new[] { "docs", "src", "tests", "deploy", "bench", "eng" }.Where(folder => Directory.Exists(Repository.At(folder)))
                .SelectMany(folder => Repository.Files(folder, "*.md")));
        var broken =
            from page in pages
            from Match link in Link().Matches(Code().Replace(File.ReadAllText(page), ""))
            let target = Uri.UnescapeDataString(link.Groups["target"].Value.Split('#')[0])
            where target.Length > 0 && !target.Contains(':', StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target))
            select $"{Repository.Relative(page)} → {target}";
        Assert.Empty(broken);
    }

    [Fact]
    public void No_test_is_switched_off_and_none_waits_by_the_clock()
    {
        var found =
            from file in Repository.Files("tests", "*.cs")
            from line in File.ReadLines(file).Select((text, index) => (text, number: index + 1))
            where SwitchedOffOrSleeping().IsMatch(line.text)
            select $"{Repository.Relative(file)}:{line.number}: {line.text.Trim()}";
        Assert.Empty(found);
    }

    [GeneratedRegex(@"^[ \t]*(?:(?:public|internal|private|protected|file|sealed|static|abstract|partial|readonly|ref|unsafe|new)\s+)*(?:class|record\s+struct|record\s+class|record|struct|interface|enum)\s+(?<name>[A-Z]\w*)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex("(?:Manager|Helpers?|Utils?|Utilities|Common|Base|Impl|Info|Data|Service)$")]
    private static partial Regex EmptyName();

    [GeneratedRegex(@"\[[^\]\n]*\]\((?<target>[^)\s]+)(?:\s+""[^""]*"")?\)")]
    private static partial Regex Link();

    [GeneratedRegex("(?s:```.*?```)|`[^`\n]*`")]
    private static partial Regex Code();

    // Written so that this line does not match itself.
    [GeneratedRegex(@"\bSki[p]\s*=|\bThread\s*\.\s*Slee[p]\b|\bTask\s*\.\s*Dela[y]\s*\(")]
    private static partial Regex SwitchedOffOrSleeping();
}
